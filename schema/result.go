package schema

import "strconv"

// ResultCode is an LDAP result code (RFC 4511 4.1.9, 3909, 4528, 4533).
type ResultCode int

// The result codes that this server gives or understands.
const (
	Success                      ResultCode = 0
	OperationsError              ResultCode = 1
	ProtocolError                ResultCode = 2
	TimeLimitExceeded            ResultCode = 3
	SizeLimitExceeded            ResultCode = 4
	CompareFalse                 ResultCode = 5
	CompareTrue                  ResultCode = 6
	AuthMethodNotSupported       ResultCode = 7
	StrongerAuthRequired         ResultCode = 8
	PartialResults               ResultCode = 9 // LDAPv2 (RFC 1777 of Michigan): referral in the text
	ReferralResult               ResultCode = 10
	AdminLimitExceeded           ResultCode = 11
	UnavailableCriticalExtension ResultCode = 12
	ConfidentialityRequired      ResultCode = 13
	SASLBindInProgress           ResultCode = 14
	NoSuchAttribute              ResultCode = 16
	UndefinedAttributeType       ResultCode = 17
	InappropriateMatching        ResultCode = 18
	ConstraintViolation          ResultCode = 19
	AttributeOrValueExists       ResultCode = 20
	InvalidAttributeSyntax       ResultCode = 21
	NoSuchObject                 ResultCode = 32
	AliasProblem                 ResultCode = 33
	InvalidDNSyntax              ResultCode = 34
	AliasDereferencingProblem    ResultCode = 36
	InappropriateAuthentication  ResultCode = 48
	InvalidCredentials           ResultCode = 49
	InsufficientAccessRights     ResultCode = 50
	Busy                         ResultCode = 51
	Unavailable                  ResultCode = 52
	UnwillingToPerform           ResultCode = 53
	LoopDetect                   ResultCode = 54
	NamingViolation              ResultCode = 64
	ObjectClassViolation         ResultCode = 65
	NotAllowedOnNonLeaf          ResultCode = 66
	NotAllowedOnRDN              ResultCode = 67
	EntryAlreadyExists           ResultCode = 68
	ObjectClassModsProhibited    ResultCode = 69
	AffectsMultipleDSAs          ResultCode = 71
	Other                        ResultCode = 80
	Canceled                     ResultCode = 118
	NoSuchOperation              ResultCode = 119
	TooLate                      ResultCode = 120
	CannotCancel                 ResultCode = 121
	AssertionFailed              ResultCode = 122
	SyncRefreshRequired          ResultCode = 4096
)

// Result is an LDAPResult (RFC 4511 4.1.9) and doubles as the error type of
// everything that can refuse a request: what a client may see is in it and
// nothing else. The zero value is success.
type Result struct {
	Code       ResultCode
	MatchedDN  string
	Diagnostic string
	Referrals  []string
}

// Error makes a refused request an ordinary Go error.
func (r *Result) Error() string {
	if r.Diagnostic == "" {
		return "ldap result " + strconv.Itoa(int(r.Code))
	}
	return "ldap result " + strconv.Itoa(int(r.Code)) + ": " + r.Diagnostic
}

// Refuse makes the Result of a refused request. The diagnostic is a fixed
// sentence or quotes input with %q, never raw bytes of the client.
func Refuse(code ResultCode, diagnostic string) *Result {
	return &Result{Code: code, Diagnostic: diagnostic}
}
