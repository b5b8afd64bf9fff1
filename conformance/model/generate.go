// generate.go: random requests: names, adds, changes and renames.

package model

import "strings"

// Next makes a request.
func (g *Generator) Next() Operation {
	full := len(g.model.Names(g.top)) > most
	n := g.random.IntN(100)
	switch {
	case n < 22 && !full:
		return g.add()
	case n < 50 && !(full && g.chance(50)):
		return g.modify()
	case n < 56 || (full && n < 75):
		return Operation{Kind: Delete, DN: g.target(true)}
	case n < 68:
		return g.rename()
	case n < 75:
		return g.compare()
	case n < 78:
		return g.bind()
	}
	return g.search()
}

// someName is the name of an entry, or of none.
func (g *Generator) someName() Name {
	names := g.model.Names(g.top)
	n := pick(g, names)
	for len(n) >= deepest {
		n = n.Parent()
	}
	if g.chance(12) {
		return append(Name{g.newRDN()}, n...)
	}
	return n
}

// newRDN makes a name for an entry.
func (g *Generator) newRDN() RDN {
	ava := func(typ string) AVA {
		t := attributeIndex[typ]
		v := pick(g, words)
		if t.syntax != directoryString {
			v = pick(g, good[t.syntax])
		}
		norm, _ := t.syntax.normalize(v)
		return AVA{typ: t, Value: v, norm: norm}
	}
	switch n := g.random.IntN(100); {
	case n < 40:
		return RDN{ava("utname")}
	case n < 65:
		return RDN{ava("cn")}
	case n < 80:
		return RDN{ava("ou")}
	case n < 88:
		return RDN{ava("cn"), ava("sn")}
	case n < 93:
		return RDN{ava("uid")}
	case n < 96:
		return RDN{ava("utmac")}
	}
	return RDN{ava("utflags")}
}

// target is the text of a name to send: mostly of an entry, sometimes of
// none, sometimes no name at all. With protect it is never the base.
func (g *Generator) target(protect bool) string {
	if g.chance(3) {
		return pick(g, []string{"no name", "cn=a,," + g.base, "=x," + g.base, "cn=," + g.base, "cn=a+cn=b," + g.base,
			"utflags=abc," + g.base, unknownType + "=x," + g.base, "cn=a\\zz," + g.base, "cn=a," + g.base + ","})
	}
	if g.chance(1) {
		return "cn=a,o=elsewhere"
	}
	n := g.someName()
	if protect && len(n) <= len(g.top) {
		n = append(Name{g.newRDN()}, n...)
	}
	return g.nameText(n)
}

// templates are object classes that fit together, with attributes that an
// entry of them must and may have.
var templates = []struct{ classes, must, may string }{
	{"utContainer", "utname", "cn description"},
	{"utUser", "utname", "cn sn uid userPassword utserver utport utcreated utlastseen utenabled utflags"},
	{"utToken", "utname", "utowner utserver utport utlastseen utenabled utflags description"},
	{"utDesktop", "utname", "utmac utserver utlocation utlastseen utflags cn"},
	{"utCardType", "utname", "utprobeorder description"},
	{"inetOrgPerson", "cn sn", "mail uid telephoneNumber facsimileTelephoneNumber userPassword description o"},
	{"top person organizationalPerson inetOrgPerson", "cn sn", "mail uid telephoneNumber"},
	{"person", "cn sn", "telephoneNumber userPassword description"},
	{"person uidObject", "cn sn uid", "description"},
	{"organizationalUnit", "ou", "description telephoneNumber facsimileTelephoneNumber"},
	{"groupOfNames", "cn member", "description o"},
	{"device extensibleObject", "cn", "utmac utflags mail utowner member utport uid sn ou utname"},
}

// add makes an entry, often one with a fault.
func (g *Generator) add() Operation {
	t := pick(g, templates)
	rdn := g.newRDN()
	must := strings.Fields(t.must)
	if g.chance(80) {
		for i := 0; i < 20 && !strings.Contains(" "+t.must+" "+t.may+" ", " "+rdn[0].typ.name()+" "); i++ {
			rdn = g.newRDN()
		}
	}
	parent := g.someName()
	o := Operation{Kind: Add, DN: g.nameText(append(Name{rdn}, parent...))}
	if g.chance(2) {
		o.DN = g.target(true)
	}
	o.Attributes = append(o.Attributes, Values{"objectClass", strings.Fields(t.classes)})
	named := make(map[string]string)
	for _, a := range rdn {
		named[a.typ.name()] = a.Value
	}
	for _, name := range must {
		v, ok := named[name]
		switch {
		case g.chance(3): // missing
		case ok && g.chance(30): // the server adds it
		case ok && g.chance(70):
			o.Attributes = append(o.Attributes, Values{name, []string{v}})
		default:
			o.Attributes = append(o.Attributes, g.values(attributeIndex[strings.ToLower(name)]))
		}
	}
	for _, name := range strings.Fields(t.may) {
		if g.chance(35) {
			o.Attributes = append(o.Attributes, g.values(attributeIndex[strings.ToLower(name)]))
		}
	}
	if g.chance(15) {
		g.spoil(&o)
	}
	return o
}

// values makes an attribute with one value or a few, sometimes one twice.
func (g *Generator) values(t *attributeType) Values {
	v := Values{g.describe(t), []string{g.value(t)}}
	for t.name() != "userPassword" && g.chance(20) {
		if !t.single || g.chance(20) {
			v.Values = append(v.Values, g.value(t))
		}
	}
	return v
}

// spoil puts a fault into an add.
func (g *Generator) spoil(o *Operation) {
	more := func(v Values) { o.Attributes = append(o.Attributes, v) }
	classes := &o.Attributes[0].Values
	switch g.random.IntN(8) {
	case 0:
		*classes = append(*classes, pick(g, []string{"utUser", "person", "top", "uidObject", "nosuchclass", "TOP"}))
	case 1:
		o.Attributes = o.Attributes[1:] // no class
	case 2:
		*classes = []string{pick(g, []string{"top", "extensibleObject", "uidObject", "nosuchclass", "2.5.6.6"})}
	case 3:
		more(Values{unknownType, []string{"x"}})
	case 4:
		more(Values{pick(g, []string{"createTimestamp", "modifyTimestamp"}), []string{"20240101120000Z"}})
	case 5:
		more(g.values(pick(g, userTypes)))
	case 6:
		more(Values{"description", nil})
	case 7:
		more(Values{"name", []string{"abstract name"}})
	}
}

// modify makes one to four steps.
func (g *Generator) modify() Operation {
	o := Operation{Kind: Modify, DN: g.target(g.chance(95))}
	for i := 0; i == 0 || (i < 4 && g.chance(40)); i++ {
		o.Mods = append(o.Mods, g.modification(o.DN))
	}
	return o
}

func (g *Generator) modification(dn string) Modification {
	t := g.suitable(dn)
	kind := pick(g, []ModKind{ModAdd, ModAdd, ModDelete, ModReplace, ModReplace})
	switch n := g.random.IntN(100); {
	case n < 7:
		number := pick(g, []string{"utflags", "utport", "utprobeorder", "cn"})
		return Modification{ModIncrement, Values{number, []string{pick(g, []string{"1", "-1", "100", "x"})}}}
	case n < 9:
		return Modification{kind, Values{unknownType, []string{"x"}}}
	case n < 11:
		return Modification{kind, Values{pick(g, []string{"createTimestamp", "hasSubordinates", "structuralObjectClass"}),
			[]string{pick(g, []string{"20240101120000Z", "TRUE", "person"})}}}
	case n < 18:
		return Modification{kind, Values{"objectClass", []string{pick(g, []string{"uidObject", "extensibleObject",
			"top", "person", "utUser", "nosuchclass", "inetOrgPerson", "EXTENSIBLEOBJECT"})}}}
	case t.name() == "userPassword":
		return Modification{ModReplace, g.values(t)}
	case n < 25 && kind != ModAdd:
		return Modification{kind, Values{g.describe(t), nil}}
	case n < 26:
		return Modification{ModAdd, Values{g.describe(t), nil}}
	}
	v := g.values(t)
	if have := g.present(dn, t); len(have) > 0 && (kind == ModDelete || g.chance(20)) {
		v.Values[0] = g.again(t, pick(g, have))
		v.Attribute = g.typeText(t)
	}
	return Modification{kind, v}
}

// suitable is a type that the entry has or may have, mostly.
func (g *Generator) suitable(dn string) *attributeType {
	n, _ := ParseName(dn)
	if e := g.model.entries[n.Key()]; e != nil && g.chance(85) {
		var list []*attributeType
		for _, t := range userTypes {
			for _, c := range e.classes() {
				for _, name := range append(append([]string{}, c.must...), c.may...) {
					if name == t.name() {
						list = append(list, t)
					}
				}
			}
		}
		if len(list) > 0 {
			return pick(g, list)
		}
	}
	return pick(g, userTypes)
}

// present are the values of t in the entry.
func (g *Generator) present(dn string, t *attributeType) []string {
	n, _ := ParseName(dn)
	if e := g.model.entries[n.Key()]; e != nil {
		return e.values(t.name())
	}
	return nil
}

// height is how many levels there are from n down.
func (g *Generator) height(n Name) int {
	highest := 1
	for _, other := range g.model.Names(n) {
		highest = max(highest, len(other)-len(n)+1)
	}
	return highest
}

// rename makes a new name, a move, or both.
func (g *Generator) rename() Operation {
	o := Operation{Kind: Rename, DN: g.target(true), DeleteOldRDN: g.chance(50)}
	n, ok := ParseName(o.DN)
	o.NewRDN = g.rdnText(g.newRDN())
	if ok && len(n) > 0 && g.chance(60) { // the same type, so that the schema allows it
		r := RDN{n[0][0]}
		if g.chance(70) {
			if r[0].typ.syntax == directoryString {
				r[0].Value = pick(g, words)
			} else {
				r[0].Value = pick(g, good[r[0].typ.syntax])
			}
		}
		o.NewRDN = g.rdnText(r)
	}
	if g.chance(2) {
		o.NewRDN = pick(g, []string{"no name", "cn=", "cn=a,cn=b", unknownType + "=x", "cn=a+cn=b", "utflags=x", "=x"})
	}
	if above := g.someName(); g.chance(50) && len(above)+g.height(n) <= deepest {
		o.NewSuperior = g.nameText(above)
	}
	if g.chance(2) {
		o.NewSuperior = pick(g, []string{"no name", "o=elsewhere", o.DN})
	}
	return o
}
