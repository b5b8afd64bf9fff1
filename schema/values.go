package schema

// Values of one attribute: syntax checks and finding a value among many by its
// equality rule, in time that grows with their number and not its square.

import (
	"bytes"
	"fmt"
)

// appendValueForm appends what makes a value the same as another one: the
// normal form of the type's equality rule, or the bytes themselves where there
// is no rule or where the value (tolerated at import) breaks it. The first
// byte keeps the two apart.
func (s *Schema) appendValueForm(dst []byte, t *AttributeType, value []byte) []byte {
	n := len(dst)
	dst = append(dst, 'n')
	if t == nil || t.Equality == nil {
		return append(dst, value...)
	}
	out, err := t.Equality.Normalize(s, dst, value)
	if err != nil {
		return append(append(dst[:n], 'r'), value...)
	}
	return out
}

// valueSet finds values by their form.
type valueSet struct {
	schema  *Schema
	typ     *AttributeType
	at      map[string]int // form to index in the list of values
	scratch []byte
}

// newValueSet indexes values; dup is the index of a value that a later one
// repeats, -1 if all differ.
func (s *Schema) newValueSet(t *AttributeType, values [][]byte) (set *valueSet, dup int) {
	set = &valueSet{schema: s, typ: t, at: make(map[string]int, len(values))}
	dup = -1
	for i, v := range values {
		if old, ok := set.add(v, i); !ok && dup < 0 {
			dup = old
		}
	}
	return set, dup
}

// add enters a value; ok is false, and old its index, if it is there already.
func (set *valueSet) add(value []byte, index int) (old int, ok bool) {
	set.scratch = set.schema.appendValueForm(set.scratch[:0], set.typ, value)
	if old, found := set.at[string(set.scratch)]; found {
		return old, false
	}
	set.at[string(set.scratch)] = index
	return index, true
}

// find gives the index of a value, -1 if it is not there.
func (set *valueSet) find(value []byte) int {
	set.scratch = set.schema.appendValueForm(set.scratch[:0], set.typ, value)
	if i, ok := set.at[string(set.scratch)]; ok {
		return i
	}
	return -1
}

func (set *valueSet) remove(value []byte) {
	set.scratch = set.schema.appendValueForm(set.scratch[:0], set.typ, value)
	delete(set.at, string(set.scratch))
}

// findValue is find for a single look-up, which needs no index.
func (s *Schema) findValue(t *AttributeType, values [][]byte, value []byte) int {
	var form []byte
	n := 0
	for i, v := range values {
		if bytes.Equal(v, value) { // which is mostly so, and seen without the forms
			return i
		}
		if form == nil {
			form = s.appendValueForm(make([]byte, 0, 4*len(value)+16), t, value)
			n = len(form)
		}
		form = s.appendValueForm(form[:n], t, v)
		if string(form[n:]) == string(form[:n]) {
			return i
		}
	}
	return -1
}

// validValue checks one value against the syntax of t.
func (s *Schema) validValue(t *AttributeType, value []byte) bool {
	if t == nil || t.Syntax == nil || t.Syntax.Validate == nil {
		return true
	}
	if t == s.ObjectClassType {
		return s.ObjectClass(value) != nil || s.tolerant && validKeystring(value)
	}
	return t.Syntax.Validate(s, value) == nil
}

// spelled gives object classes their names as the schema spells them, and DNs
// without needless space, as OpenLDAP does, so that readers which compare them
// as text find them; other values stay as they came. values is not changed.
func (s *Schema) spelled(t *AttributeType, values [][]byte) [][]byte {
	isDN := t != nil && t.Syntax != nil && t.Syntax.OID == syntaxDN
	if t == nil || t != s.ObjectClassType && !isDN {
		return values
	}
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = v
		if isDN {
			if text, err := s.PrettyDN(v); err == nil {
				out[i] = []byte(text)
			}
		} else if c := s.ObjectClass(v); c != nil {
			out[i] = []byte(c.Name)
		}
	}
	return out
}

// checkValues refuses values that break the syntax of d's type (21), more than
// one for a single-valued type (19), and repeated ones (20).
func (s *Schema) checkValues(d *AttributeDescription, values [][]byte) error {
	for i, v := range values {
		if !s.validValue(d.Type, v) {
			return invalidValue(d, i)
		}
	}
	if d.Type != nil && d.Type.SingleValue && len(values) > 1 {
		return Refuse(ConstraintViolation, d.String()+": multiple values provided")
	}
	return s.checkDistinct(d, values)
}

func (s *Schema) checkDistinct(d *AttributeDescription, values [][]byte) error {
	if len(values) < 2 {
		return nil
	}
	if _, dup := s.newValueSet(d.Type, values); dup >= 0 {
		return Refuse(AttributeOrValueExists, fmt.Sprintf("%s: value #%d provided more than once", d, dup))
	}
	return nil
}

func invalidValue(d *AttributeDescription, i int) error {
	return Refuse(InvalidAttributeSyntax, fmt.Sprintf("%s: value #%d invalid per syntax", d, i))
}

func notModifiable(d *AttributeDescription) error {
	return Refuse(ConstraintViolation, d.String()+": no user modification allowed")
}

// describe resolves an attribute description of a request; attr is quoted in
// what is shown to the client.
func (s *Schema) describe(attr string) (AttributeDescription, error) {
	d, err := s.ParseDescription([]byte(attr))
	if err != nil {
		if attr == "" {
			return d, Refuse(UndefinedAttributeType, "empty AttributeDescription")
		}
		return d, Refuse(UndefinedAttributeType, quoteShort(attr)+": inappropriate AttributeDescription")
	}
	return d, nil
}

func undefinedType(attr string) error {
	return Refuse(UndefinedAttributeType, quoteShort(attr)+": attribute type undefined")
}

// quoteShort shows text of a client: as it is if that is harmless, else quoted,
// and never more than a line of it.
func quoteShort(text string) string {
	const most = 64
	cut := ""
	if len(text) > most {
		text, cut = text[:most], "..."
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return fmt.Sprintf("%q", text) + cut
		}
	}
	return text + cut
}
