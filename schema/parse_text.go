package schema

// Schema files: OpenLDAP's directives and the LDIF of a subschema entry or of
// cn=config, cut into single definitions that know where they stand.

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is one schema file.
type Text struct {
	Name string // for messages
	Data []byte
}

// Bounds of schema files.
const (
	maxSchemaFile  = 16 << 20 // bytes
	maxDefinitions = 20000    // in all files together
)

// statement is one definition or macro of a file.
type statement struct {
	kind statementKind
	text string
	file string
	line int  // of its first line
	ldif bool // lines were joined without a trace
}

type statementKind uint8

const (
	attributeStatement statementKind = iota
	classStatement
	macroStatement
)

// errorAt makes an error of file and line; at is a byte of the text.
func (st *statement) errorAt(at int, what string) error {
	line := st.line
	if !st.ldif {
		line += strings.Count(st.text[:min(at, len(st.text))], "\n")
	}
	return fmt.Errorf("%w: %s:%d: %s", ErrSchema, st.file, line, what)
}

func (st *statement) place() string { return fmt.Sprintf("%s:%d", st.file, st.line) }

// textReader joins the lines of a file.
type textReader struct {
	file    string
	out     []statement
	current []string // lines of the statement being read
	line    int      // of its first line
	comment bool     // continuation lines belong to a comment
	ldif    bool     // the statement is a line of LDIF
	depth   int      // parentheses that the statement has open
	quoted  bool     // the statement has a quote open
}

// readText cuts a file into statements.
func readText(t Text) ([]statement, error) {
	if len(t.Data) > maxSchemaFile {
		return nil, fmt.Errorf("%w: %s: larger than %d bytes", ErrSchema, t.Name, maxSchemaFile)
	}
	r := textReader{file: t.Name}
	number := 0
	for line := range strings.Lines(string(t.Data)) {
		number++
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("%w: %s:%d: not UTF-8", ErrSchema, t.Name, number)
		}
		if err := r.add(strings.TrimRight(line, "\r\n"), number); err != nil {
			return nil, err
		}
	}
	if err := r.flush(); err != nil {
		return nil, err
	}
	return r.out, nil
}

func (r *textReader) add(line string, number int) error {
	within := len(r.current) > 0 && !r.ldif && r.depth > 0
	blank := strings.Trim(line, " \t") == ""
	switch {
	case within && (blank || line[0] == '#'): // a remark within a definition
		r.current = append(r.current, "") // keeps the count of lines
		return nil
	case strings.HasPrefix(line, "#"):
		r.comment = true
		return r.flush()
	case !blank && (line[0] == ' ' || line[0] == '\t'):
		switch {
		case r.comment:
			return nil
		case len(r.current) == 0:
			return fmt.Errorf("%w: %s:%d: continuation of nothing", ErrSchema, r.file, number)
		}
		r.take(line)
		return nil
	}
	r.comment = false
	if err := r.flush(); err != nil || blank {
		return err
	}
	r.line, r.ldif, r.depth, r.quoted = number, isLDIFLine(line), 0, false
	r.take(line)
	return nil
}

// take adds a line to the statement and counts its parentheses.
func (r *textReader) take(line string) {
	r.current = append(r.current, line)
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\'':
			r.quoted = !r.quoted
		case r.quoted:
		case line[i] == '(':
			r.depth++
		case line[i] == ')':
			r.depth--
		}
	}
}

// isLDIFLine tells "attributeTypes: (...)" from "attributetype (...)".
func isLDIFLine(line string) bool {
	end := strings.IndexAny(line, ": \t(")
	return end > 0 && line[end] == ':'
}

// flush makes a statement of the lines collected so far.
func (r *textReader) flush() error {
	lines := r.current
	r.current = r.current[:0]
	if len(lines) == 0 {
		return nil
	}
	st := statement{file: r.file, line: r.line, ldif: r.ldif}
	var name string
	var err error
	if st.ldif {
		name, st.text, err = r.ldifLine(lines)
	} else {
		text := strings.Join(lines, "\n")
		end := strings.IndexAny(text, " \t\n(")
		if end < 0 {
			end = len(text)
		}
		name, st.text = text[:end], text[end:]
	}
	if err != nil {
		return err
	}
	switch strings.ToLower(name) {
	case "attributetype", "attributetypes", "olcattributetypes":
		st.kind = attributeStatement
	case "objectclass", "objectclasses", "olcobjectclasses":
		if st.ldif && strings.EqualFold(name, "objectClass") { // of the LDIF entry itself
			return nil
		}
		st.kind = classStatement
	case "objectidentifier", "olcobjectidentifier":
		st.kind = macroStatement
	case "ditcontentrule", "ditcontentrules", "olcditcontentrules", "ldapsyntax":
		return nil // nothing here obeys them
	default:
		if st.ldif { // other attributes of the entry
			return nil
		}
		return st.errorAt(0, "unknown directive "+quoteShort(name))
	}
	if len(r.out) == maxDefinitions {
		return st.errorAt(0, fmt.Sprintf("more than %d definitions", maxDefinitions))
	}
	r.out = append(r.out, st)
	return nil
}

// ldifLine joins a folded LDIF line and takes its value.
func (r *textReader) ldifLine(lines []string) (name, value string, err error) {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			l = l[1:]
		}
		b.WriteString(l)
	}
	name, value, _ = strings.Cut(b.String(), ":")
	if rest, ok := strings.CutPrefix(value, ":"); ok {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if err != nil || !utf8.Valid(raw) {
			return "", "", fmt.Errorf("%w: %s:%d: broken base64", ErrSchema, r.file, r.line)
		}
		value = string(raw)
	}
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "{") { // the ordering of cn=config
		if end := strings.IndexByte(value, '}'); end > 0 {
			value = value[end+1:]
		}
	}
	return name, value, nil
}
