package schema

// The matching rules that are built in: a schema file can name them but not
// add any, because each is code.

// OIDs of syntaxes that code refers to (RFC 4517 3.3, RFC 4530, OpenLDAP's CSN).
const (
	syntaxArc             = "1.3.6.1.4.1.1466.115.121.1."
	syntaxBitString       = syntaxArc + "6"
	syntaxBoolean         = syntaxArc + "7"
	syntaxDN              = syntaxArc + "12"
	syntaxDirectoryString = syntaxArc + "15"
	syntaxGeneralizedTime = syntaxArc + "24"
	syntaxIA5String       = syntaxArc + "26"
	syntaxInteger         = syntaxArc + "27"
	syntaxNameAndUID      = syntaxArc + "34"
	syntaxNumericString   = syntaxArc + "36"
	syntaxOID             = syntaxArc + "38"
	syntaxOctetString     = syntaxArc + "40"
	syntaxPostalAddress   = syntaxArc + "41"
	syntaxProtocolInfo    = syntaxArc + "42"
	syntaxPresentation    = syntaxArc + "43"
	syntaxTelephone       = syntaxArc + "50"
	syntaxSubstring       = syntaxArc + "58"
	syntaxUUID            = "1.3.6.1.1.16.1"
	syntaxCertificateAss  = "1.3.6.1.1.15.1"
	syntaxCRLAss          = "1.3.6.1.1.15.5"
	syntaxCSN             = "1.3.6.1.4.1.4203.666.11.2.1"
)

type (
	normalizer     = func(s *Schema, dst, value []byte) ([]byte, error)
	partNormalizer = func(s *Schema, dst, part []byte, at PartKind) ([]byte, error)
)

// builtinRules makes the table of all rules: RFC 4517 4.2, RFC 4530, RFC 4523
// (by octets), RFC 2798's and OpenLDAP's IA5 substrings, CSN, authz and bit rules.
func builtinRules() []*MatchingRule {
	var all []*MatchingRule
	rule := func(oid, name, syntax string, kind RuleKind, n normalizer) *MatchingRule {
		r := &MatchingRule{OID: oid, Name: name, Names: []string{name}, SyntaxOID: syntax, Kind: kind, Normalize: n}
		all = append(all, r)
		return r
	}
	equality := func(oid, name, syntax string, n normalizer) *MatchingRule {
		return rule(oid, name, syntax, EqualityRule, n)
	}
	ordering := func(oid, name, syntax string, n normalizer) {
		rule(oid, name, syntax, OrderingRule, n)
	}
	substrings := func(oid, name string, n normalizer, p partNormalizer) {
		rule(oid, name, syntaxSubstring, SubstringsRule, n).NormalizePart = p
	}

	equality("2.5.13.0", "objectIdentifierMatch", syntaxOID, normalizeOID)
	equality("2.5.13.1", "distinguishedNameMatch", syntaxDN, normalizeDN)
	equality("2.5.13.2", "caseIgnoreMatch", syntaxDirectoryString, normalizeCaseIgnore)
	ordering("2.5.13.3", "caseIgnoreOrderingMatch", syntaxDirectoryString, normalizeCaseIgnore)
	substrings("2.5.13.4", "caseIgnoreSubstringsMatch", valueCaseIgnore, partCaseIgnore)
	equality("2.5.13.5", "caseExactMatch", syntaxDirectoryString, normalizeCaseExact)
	ordering("2.5.13.6", "caseExactOrderingMatch", syntaxDirectoryString, normalizeCaseExact)
	substrings("2.5.13.7", "caseExactSubstringsMatch", valueCaseExact, partCaseExact)
	equality("2.5.13.8", "numericStringMatch", syntaxNumericString, normalizeNumeric)
	ordering("2.5.13.9", "numericStringOrderingMatch", syntaxNumericString, normalizeNumeric)
	substrings("2.5.13.10", "numericStringSubstringsMatch", normalizeNumeric, partOf(normalizeNumeric))
	equality("2.5.13.11", "caseIgnoreListMatch", syntaxPostalAddress, normalizeList)
	substrings("2.5.13.12", "caseIgnoreListSubstringsMatch", valueList, partCaseIgnore)
	equality("2.5.13.13", "booleanMatch", syntaxBoolean, normalizeBoolean)
	equality("2.5.13.14", "integerMatch", syntaxInteger, normalizeInteger)
	ordering("2.5.13.15", "integerOrderingMatch", syntaxInteger, normalizeInteger)
	equality("2.5.13.16", "bitStringMatch", syntaxBitString, normalizeBitString)
	equality("2.5.13.17", "octetStringMatch", syntaxOctetString, normalizeOctets)
	ordering("2.5.13.18", "octetStringOrderingMatch", syntaxOctetString, normalizeOctets)
	substrings("2.5.13.19", "octetStringSubstringsMatch", normalizeOctets, partOf(normalizeOctets))
	equality("2.5.13.20", "telephoneNumberMatch", syntaxTelephone, normalizeTelephone)
	substrings("2.5.13.21", "telephoneNumberSubstringsMatch", normalizeTelephone, partOf(normalizeTelephone))
	equality("2.5.13.22", "presentationAddressMatch", syntaxPresentation, normalizeOctets)
	equality("2.5.13.23", "uniqueMemberMatch", syntaxNameAndUID, normalizeNameAndUID)
	equality("2.5.13.24", "protocolInformationMatch", syntaxProtocolInfo, normalizeOctets)
	equality("2.5.13.27", "generalizedTimeMatch", syntaxGeneralizedTime, normalizeTime)
	ordering("2.5.13.28", "generalizedTimeOrderingMatch", syntaxGeneralizedTime, normalizeTime)
	equality("2.5.13.29", "integerFirstComponentMatch", syntaxInteger, firstComponent(normalizeInteger))
	equality("2.5.13.30", "objectIdentifierFirstComponentMatch", syntaxOID, firstComponent(normalizeOID))
	equality("2.5.13.31", "directoryStringFirstComponentMatch", syntaxDirectoryString, firstComponent(normalizeCaseIgnore))
	equality("2.5.13.32", "wordMatch", syntaxDirectoryString, normalizeCaseIgnore).Match = matchWord
	equality("2.5.13.33", "keywordMatch", syntaxDirectoryString, normalizeCaseIgnore).Match = matchWord
	equality("2.5.13.34", "certificateExactMatch", syntaxCertificateAss, normalizeOctets)
	equality("2.5.13.38", "certificateListExactMatch", syntaxCRLAss, normalizeOctets)

	equality("1.3.6.1.4.1.1466.109.114.1", "caseExactIA5Match", syntaxIA5String, ia5(normalizeCaseExactAny))
	equality("1.3.6.1.4.1.1466.109.114.2", "caseIgnoreIA5Match", syntaxIA5String, ia5(normalizeIgnore))
	substrings("1.3.6.1.4.1.1466.109.114.3", "caseIgnoreIA5SubstringsMatch", ia5(valueCaseIgnore), ia5Part(partCaseIgnore))
	substrings("1.3.6.1.4.1.4203.1.2.1", "caseExactIA5SubstringsMatch", ia5(valueCaseExact), ia5Part(partCaseExact))
	equality("1.3.6.1.1.16.2", "uuidMatch", syntaxUUID, normalizeUUID)
	ordering("1.3.6.1.1.16.3", "uuidOrderingMatch", syntaxUUID, normalizeUUID)
	equality("1.3.6.1.4.1.4203.666.11.2.2", "CSNMatch", syntaxCSN, normalizeCSN)
	ordering("1.3.6.1.4.1.4203.666.11.2.3", "CSNOrderingMatch", syntaxCSN, normalizeCSN)
	equality("1.3.6.1.4.1.4203.666.4.12", "authzMatch", "1.3.6.1.4.1.4203.666.2.7", normalizeCaseExact)
	equality("1.2.840.113556.1.4.803", "integerBitAndMatch", syntaxInteger, normalizeInteger).Match = matchBitAnd
	equality("1.2.840.113556.1.4.804", "integerBitOrMatch", syntaxInteger, normalizeInteger).Match = matchBitOr
	return all
}

// partOf serves rules whose parts are prepared like whole values.
func partOf(n normalizer) partNormalizer {
	return func(s *Schema, dst, part []byte, _ PartKind) ([]byte, error) { return n(s, dst, part) }
}

func normalizeOctets(_ *Schema, dst, value []byte) ([]byte, error) {
	return append(dst, value...), nil
}
