package schema

// From the text of a definition to an AttributeType or ObjectClass in which
// references are still names.

import (
	"errors"
	"strconv"
	"strings"
)

// attributeDraft is an attribute type whose references are not resolved.
type attributeDraft struct {
	*AttributeType
	from                                 *statement
	sup, equality, ordering, substr, syn string
	busy, done                           bool
	depth                                int
}

// classDraft is an object class whose references are not resolved.
type classDraft struct {
	*ObjectClass
	from           *statement
	sup, must, may []string
	busy, done     bool
	depth          int
}

// macros are the names that objectidentifier directives give to OIDs.
type macros map[string]string

// define takes "name oid[:suffix]".
func (m macros) define(st *statement) error {
	f := strings.Fields(st.text)
	if len(f) != 2 || !validKeystring([]byte(f[0])) {
		return st.errorAt(0, "objectidentifier needs a name and an OID")
	}
	oid, ok := m.expand(f[1])
	if !ok {
		return st.errorAt(0, "not an OID: "+quoteShort(f[1]))
	}
	name := strings.ToLower(f[0])
	if old, ok := m[name]; ok && old != oid {
		return st.errorAt(0, "objectidentifier "+quoteShort(f[0])+" defined differently before")
	}
	m[name] = oid
	return nil
}

// expand gives the OID that text means: a number, a macro, or macro:suffix.
func (m macros) expand(text string) (oid string, ok bool) {
	name, suffix, has := strings.Cut(text, ":")
	if base, ok := m[strings.ToLower(name)]; ok {
		oid = base
		if has {
			oid += "." + suffix
		}
	} else if !has {
		oid = name
	}
	return oid, len(oid) <= 1024 && len(oid) > 0 && isDigit(oid[0]) && validOID([]byte(oid))
}

// parsed reads the text of a statement.
func (st *statement) parsed() (*definition, error) {
	d, err := parseDefinition(st.text)
	if err != nil {
		var te *textError
		if errors.As(err, &te) {
			return nil, st.errorAt(te.at, te.what)
		}
		return nil, err
	}
	return d, nil
}

// names checks the NAMEs of a definition; the OID serves if there are none.
func (st *statement) names(d *definition, oid string) (name string, names []string, err error) {
	names, _ = d.get("NAME")
	for _, n := range names {
		if n == "" || !isAlpha(n[0]) || !validKeystring([]byte(n)) {
			return "", nil, st.errorAt(0, "not a name: "+quoteShort(n))
		}
	}
	if len(names) == 0 {
		return oid, nil, nil
	}
	return names[0], names, nil
}

// extensions collects the X- parts and refuses keywords that are not known.
func (st *statement) extensions(d *definition, known string) ([]Extension, error) {
	var out []Extension
	for _, f := range d.fields {
		switch {
		case strings.HasPrefix(f.keyword, "X-"):
			out = append(out, Extension{f.keyword, f.values})
		case !strings.Contains(known, " "+f.keyword+" "):
			return nil, st.errorAt(0, "unknown keyword "+quoteShort(f.keyword))
		}
	}
	return out, nil
}

// attribute makes an attribute type of a statement.
func (st *statement) attribute(m macros) (*attributeDraft, error) {
	d, err := st.parsed()
	if err != nil {
		return nil, err
	}
	oid, ok := m.expand(d.oid)
	if !ok {
		return nil, st.errorAt(0, "not an OID: "+quoteShort(d.oid))
	}
	t := &AttributeType{OID: oid, Desc: d.one("DESC"), Obsolete: d.flag("OBSOLETE"),
		SingleValue: d.flag("SINGLE-VALUE"), Collective: d.flag("COLLECTIVE"),
		NoUserModification: d.flag("NO-USER-MODIFICATION")}
	if t.Name, t.Names, err = st.names(d, oid); err != nil {
		return nil, err
	}
	if t.Extensions, err = st.extensions(d, " NAME DESC OBSOLETE SUP EQUALITY ORDERING SUBSTR SYNTAX SINGLE-VALUE "+
		"COLLECTIVE NO-USER-MODIFICATION USAGE "); err != nil {
		return nil, err
	}
	switch usage := d.one("USAGE"); strings.ToLower(usage) {
	case "", "userapplications":
	case "directoryoperation":
		t.Usage = DirectoryOperation
	case "distributedoperation":
		t.Usage = DistributedOperation
	case "dsaoperation":
		t.Usage = DSAOperation
	default:
		return nil, st.errorAt(0, "unknown usage "+quoteShort(usage))
	}
	a := &attributeDraft{AttributeType: t, from: st, sup: d.one("SUP"), equality: d.one("EQUALITY"),
		ordering: d.one("ORDERING"), substr: d.one("SUBSTR")}
	if sups, _ := d.get("SUP"); len(sups) > 1 {
		return nil, st.errorAt(0, "an attribute type has one SUP")
	}
	if err := a.syntax(d.one("SYNTAX"), m); err != nil {
		return nil, err
	}
	if a.sup == "" && a.syn == "" {
		return nil, st.errorAt(0, "an attribute type needs SYNTAX or SUP")
	}
	return a, nil
}

// syntax reads "oid" or "oid{length}".
func (a *attributeDraft) syntax(text string, m macros) error {
	if text == "" {
		return nil
	}
	oid, length, has := strings.Cut(text, "{")
	var ok bool
	if a.syn, ok = m.expand(oid); !ok {
		return a.from.errorAt(0, "not a syntax OID: "+quoteShort(oid))
	}
	if !has {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(length, "}"), 10, 31)
	if err != nil || !strings.HasSuffix(length, "}") {
		return a.from.errorAt(0, "not a length: "+quoteShort("{"+length))
	}
	a.SyntaxLen = int(n)
	return nil
}

// class makes an object class of a statement.
func (st *statement) class(m macros) (*classDraft, error) {
	d, err := st.parsed()
	if err != nil {
		return nil, err
	}
	oid, ok := m.expand(d.oid)
	if !ok {
		return nil, st.errorAt(0, "not an OID: "+quoteShort(d.oid))
	}
	c := &ObjectClass{OID: oid, Desc: d.one("DESC"), Obsolete: d.flag("OBSOLETE")}
	if c.Name, c.Names, err = st.names(d, oid); err != nil {
		return nil, err
	}
	if c.extensions, err = st.extensions(d, " NAME DESC OBSOLETE SUP ABSTRACT STRUCTURAL AUXILIARY MUST MAY "); err != nil {
		return nil, err
	}
	kinds := 0
	for kind, keyword := range map[ClassKind]string{Abstract: "ABSTRACT", Structural: "STRUCTURAL", Auxiliary: "AUXILIARY"} {
		if d.flag(keyword) {
			c.Kind = kind
			kinds++
		}
	}
	if kinds > 1 {
		return nil, st.errorAt(0, "a class is of one kind")
	}
	draft := &classDraft{ObjectClass: c, from: st}
	draft.sup, _ = d.get("SUP")
	draft.must, _ = d.get("MUST")
	draft.may, _ = d.get("MAY")
	return draft, nil
}
