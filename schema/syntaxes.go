package schema

// The attribute syntaxes that are built in (RFC 4517 3.3, and what the shipped
// definitions need beside them). A schema file can name them but add none.

type validator = func(s *Schema, value []byte) error

// builtinSyntaxes makes the table of all syntaxes.
func builtinSyntaxes() []*Syntax {
	var all []*Syntax
	add := func(oid, desc string, v validator) *Syntax {
		x := &Syntax{OID: oid, Desc: desc, Validate: v}
		all = append(all, x)
		return x
	}
	text := func(number, desc string, v validator) { add(syntaxArc+number, desc, v) }
	binary := func(oid, desc string, v validator) { add(oid, desc, v).NotHumanReadable = true }

	text("3", "Attribute Type Description", validateDefinition)
	binary(syntaxArc+"4", "Audio", nil)
	binary(syntaxArc+"5", "Binary", nil)
	text("6", "Bit String", check(normalizeBitString))
	text("7", "Boolean", validateBoolean)
	binary(syntaxArc+"8", "Certificate", validateDER)
	binary(syntaxArc+"9", "Certificate List", validateDER)
	binary(syntaxArc+"10", "Certificate Pair", validateDER)
	text("11", "Country String", validateCountry)
	text("12", "DN", check(normalizeDN))
	text("13", "Data Quality", validateUTF8)
	text("14", "Delivery Method", validateDelivery)
	text("15", "Directory String", validateDirectoryString)
	text("16", "DIT Content Rule Description", validateDefinition)
	text("17", "DIT Structure Rule Description", validateDefinition)
	text("19", "DSA Quality", validateUTF8)
	text("21", "Enhanced Guide", validateUTF8)
	text("22", "Facsimile Telephone Number", validateFirstPrintable)
	binary(syntaxArc+"23", "Fax", nil)
	text("24", "Generalized Time", validateTime)
	text("25", "Guide", validateUTF8)
	text("26", "IA5 String", validateIA5)
	text("27", "INTEGER", validateInteger)
	binary(syntaxArc+"28", "JPEG", nil)
	text("30", "Matching Rule Description", validateDefinition)
	text("31", "Matching Rule Use Description", validateDefinition)
	text("33", "MHS OR Address", validateUTF8)
	text("34", "Name And Optional UID", check(normalizeNameAndUID))
	text("35", "Name Form Description", validateDefinition)
	text("36", "Numeric String", check(normalizeNumeric))
	text("37", "Object Class Description", validateDefinition)
	text("38", "OID", check(normalizeOID))
	text("39", "Other Mailbox", validateOtherMailbox)
	add(syntaxOctetString, "Octet String", nil)
	text("41", "Postal Address", validatePostalAddress)
	text("42", "Protocol Information", validateUTF8)
	text("43", "Presentation Address", validateUTF8)
	text("44", "Printable String", validatePrintable)
	text("45", "SubtreeSpecification", validateUTF8)
	binary(syntaxArc+"49", "Supported Algorithm", validateDER)
	text("50", "Telephone Number", validatePrintable)
	text("51", "Teletex Terminal Identifier", validateFirstPrintable)
	text("52", "Telex Number", validateTelex)
	text("53", "UTC Time", validateUTCTime)
	text("54", "LDAP Syntax Description", validateDefinition)
	text("58", "Substring Assertion", validateUTF8)
	add("1.3.6.1.1.1.0.0", "RFC2307 NIS Netgroup Triple", validateNetgroup)
	add("1.3.6.1.1.1.0.1", "RFC2307 Boot Parameter", validateBootParameter)
	add(syntaxUUID, "UUID", check(normalizeUUID))
	add(syntaxCertificateAss, "X.509 Certificate Exact Assertion", validateUTF8)
	add(syntaxCRLAss, "X.509 Certificate List Exact Assertion", validateUTF8)
	add("1.3.6.1.4.1.4203.1.1.2", "Authentication Password", validateAuthPassword)
	add("1.3.6.1.4.1.4203.666.2.7", "OpenLDAP authz", validateUTF8)
	add(syntaxCSN, "Change Sequence Number", check(normalizeCSN))
	return all
}
