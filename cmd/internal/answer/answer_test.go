package answer

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

func TestAnswerWithoutADiagnosticTextHasNoColonAtItsEnd(t *testing.T) {
	bare := ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New(""))
	told := Text(bare)
	if told.Error() != `LDAP Result Code 49 "Invalid Credentials"` || !Refused(told) || !ldap.IsErrorWithCode(told, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("%v, refused %v", told, Refused(told))
	}
	explained := ldap.NewError(ldap.LDAPResultBusy, errors.New("come again"))
	if got := Text(explained).Error(); got != `LDAP Result Code 51 "Busy": come again` {
		t.Error(got)
	}
	lost := ldap.NewError(ldap.ErrorNetwork, errors.New("connection reset"))
	if got := Text(lost).Error(); got != "connection reset" || Refused(lost) || TimedOut(lost) {
		t.Error(got)
	}
}

// The library may word it anew: then this fails and TimedOut is to follow.
func TestServerThatHangsIsKnown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts, the kernel does
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := ldap.DialURL("ldap://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetTimeout(50 * time.Millisecond)
	if err := conn.Bind("cn=admin,o=utdata", "x"); !TimedOut(err) || Refused(err) {
		t.Errorf("%v: timed out %v, refused %v", err, TimedOut(err), Refused(err))
	}
}
