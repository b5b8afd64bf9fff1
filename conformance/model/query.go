// query.go: random requests that read: searches with filters, compares, binds.

package model

// compare asks for values that the entry has and for others.
func (g *Generator) compare() Operation {
	o := Operation{Kind: Compare, DN: g.target(false)}
	t := g.suitable(o.DN)
	for t.name() == "userPassword" {
		t = pick(g, userTypes)
	}
	o.Attribute, o.Value = g.describe(t), g.value(t)
	if have := g.present(o.DN, t); len(have) > 0 && g.chance(50) {
		o.Value = g.again(t, pick(g, have))
	}
	switch {
	case g.chance(3):
		o.Attribute = unknownType
	case g.chance(5):
		o.Attribute, o.Value = "objectClass", pick(g, good[objectIdentifier])
	case g.chance(5):
		o.Attribute, o.Value = "name", g.vary(pick(g, words))
	}
	return o
}

// bind tries names with right and wrong passwords.
func (g *Generator) bind() Operation {
	o := Operation{Kind: Bind, DN: g.target(false), Value: pick(g, append([]string{""}, good[octetString]...))}
	if n, ok := ParseName(o.DN); ok && !n.Under(g.model.suffix) {
		o.DN = ""
	}
	if g.chance(40) { // somebody with a password
		for _, n := range g.model.Names(g.top) {
			if v := g.model.entries[n.Key()].values("userPassword"); len(v) > 0 {
				o.DN, o.Value = g.nameText(n), v[0]
				if g.chance(50) {
					break
				}
			}
		}
	}
	if o.DN == "" {
		o.Value = ""
	}
	return o
}

// search makes a search of any scope.
func (g *Generator) search() Operation {
	o := Operation{Kind: Search, DN: g.base, Scope: Scope(g.random.IntN(4)), Filter: g.filter(3)}
	if g.chance(40) {
		o.DN = g.target(false)
	} else if g.chance(60) {
		o.Scope = ScopeSubtree
	}
	switch n := g.random.IntN(100); {
	case n < 10:
		o.Selection = []string{"1.1"}
	case n < 20:
		o.Selection = []string{"*", "+"}
	case n < 25:
		o.Selection = []string{"+"}
	case n < 45:
		for i := 0; i == 0 || g.chance(40); i++ {
			o.Selection = append(o.Selection, g.selected())
		}
	}
	o.TypesOnly = g.chance(5)
	if g.chance(8) {
		o.SizeLimit = 1 + g.random.IntN(6)
	}
	return o
}

func (g *Generator) selected() string {
	switch n := g.random.IntN(100); {
	case n < 5:
		return unknownType
	case n < 15:
		return pick(g, []string{"name", "*", "1.1", "objectClass"})
	case n < 25:
		return pick(g, append(append([]string{}, chosen...), computed...))
	}
	return g.describe(pick(g, userTypes))
}

// filter makes a filter of at most depth levels.
func (g *Generator) filter(depth int) Filter {
	if depth > 0 && g.chance(45) {
		f := Filter{Kind: pick(g, []FilterKind{And, Or, Not})}
		for i := 0; i < 1+g.random.IntN(3); i++ {
			f.Sub = append(f.Sub, g.filter(depth-1))
			if f.Kind == Not {
				break
			}
		}
		if f.Kind != Not && g.chance(3) {
			f.Sub = nil // absolute true and false (RFC 4526)
		}
		return f
	}
	t := pick(g, userTypes)
	for t.name() == "userPassword" {
		t = pick(g, userTypes)
	}
	switch n := g.random.IntN(100); {
	case n < 12:
		return Filter{Kind: Equal, Attribute: "objectClass", Value: pick(g, append(good[objectIdentifier], "nosuchclass"))}
	case n < 16:
		return Filter{Kind: Present, Attribute: pick(g, []string{"objectClass", "userPassword", "name", "entryUUID", unknownType})}
	case n < 20:
		return Filter{Kind: Equal, Attribute: unknownType, Value: "x"}
	case n < 24:
		return g.operationalItem()
	case n < 30:
		return Filter{Kind: Equal, Attribute: "name", Value: g.vary(pick(g, words))}
	case n < 42:
		return g.substrings(t)
	case n < 54:
		return g.extensible(t)
	case n < 68:
		t = pick(g, []*attributeType{attributeIndex["utname"], attributeIndex["utflags"], attributeIndex["utprobeorder"],
			attributeIndex["utlastseen"], attributeIndex["utport"], t})
		return Filter{Kind: pick(g, []FilterKind{GreaterOrEqual, LessOrEqual}), Attribute: g.describe(t), Value: g.value(t)}
	case n < 76:
		return Filter{Kind: Present, Attribute: g.describe(t)}
	case n < 78:
		return Filter{Kind: Approx, Attribute: "utflags", Value: pick(g, good[integer])}
	}
	return Filter{Kind: Equal, Attribute: g.describe(t), Value: g.value(t)}
}

// operationalItem asks for what the server computes.
func (g *Generator) operationalItem() Filter {
	f := Filter{Kind: Equal, Attribute: pick(g, computed)}
	switch f.Attribute {
	case "hasSubordinates":
		f.Value = pick(g, good[boolean])
	case "entryDN":
		f.Value = g.nameText(g.someName())
	default:
		f.Value = pick(g, []string{"utUser", "person", "inetOrgPerson", "2.5.6.5"})
	}
	return f
}

// substrings takes parts out of values.
func (g *Generator) substrings(t *attributeType) Filter {
	if !t.substrings && g.chance(80) {
		t = pick(g, []*attributeType{attributeIndex["cn"], attributeIndex["utname"], attributeIndex["description"],
			attributeIndex["mail"], attributeIndex["telephonenumber"]})
	}
	list := good[t.syntax]
	if t.syntax == distinguishedName {
		list = words
	}
	part := func() string {
		v := []rune(pick(g, list))
		from := g.random.IntN(len(v))
		p := string(v[from : from+1+g.random.IntN(min(4, len(v)-from))])
		if t.syntax == telephoneNumber { // not a part without any significant character
			return p + "1"
		}
		return g.vary(p)
	}
	f := Filter{Kind: Substrings, Attribute: g.describe(t)}
	if g.chance(50) {
		f.Initial = g.vary(string([]rune(pick(g, list))[:1+g.random.IntN(2)]))
	}
	for g.chance(30) {
		f.Any = append(f.Any, part())
	}
	if g.chance(30) || (f.Initial == "" && len(f.Any) == 0) {
		f.Final = part()
	}
	return f
}

// extensible makes extensible matches that make sense and others.
func (g *Generator) extensible(t *attributeType) Filter {
	f := Filter{Kind: Extensible, Attribute: g.typeText(t), Value: g.value(t), NameToo: g.chance(30)}
	switch g.random.IntN(6) {
	case 0:
		f.Rule = pick(g, []string{"caseExactMatch", "caseIgnoreMatch", "2.5.13.2", "2.5.13.5"})
		f.NameToo = false
	case 1:
		f.Attribute, f.Rule = "", pick(g, []string{"caseExactMatch", "caseIgnoreMatch"})
		f.Value = g.vary(pick(g, words))
		if f.Rule == "caseExactMatch" {
			f.NameToo = false // in which case a name is kept is for the server to choose
		}
	case 2:
		f.Attribute = pick(g, []string{"utprobeorder", "utport"})
		f.Rule, f.Value = pick(g, []string{"1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804", "integerMatch"}), pick(g, []string{"1", "7", "0", "42"})
	case 3:
		f.Attribute, f.NameToo, f.Value = pick(g, []string{"ou", "cn", "utname"}), true, g.vary(pick(g, words))
	case 4:
		f.Rule = "nosuchMatch"
	}
	return f
}
