package schema

// Making a Schema: the shipped definitions and those of a site's own files.

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed definitions/*.schema
var shipped embed.FS

// Default gives the Schema of the shipped definitions.
func Default() (*Schema, error) { return Load() }

// Load gives the shipped definitions and those of the files. A definition that
// says the same as an earlier one is passed over; one that says something else
// under a name or OID that is taken is an error, as is a reference to something
// that is not defined anywhere. Errors name file and line and wrap ErrSchema.
func Load(files ...Text) (*Schema, error) {
	texts, err := shippedTexts()
	if err != nil {
		return nil, err
	}
	c := newCompiler()
	for _, t := range append(texts, files...) {
		if err := c.add(t); err != nil {
			return nil, err
		}
	}
	return c.compile()
}

// LoadDir gives the shipped definitions and those of every *.schema and *.ldif
// file in dir, in order of names. With "" or a folder that does not exist it
// is Default.
func LoadDir(dir string) (*Schema, error) {
	if dir == "" {
		return Default()
	}
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Default()
	}
	if err != nil {
		return nil, fmt.Errorf("read schema folder: %w", err)
	}
	var files []Text
	for _, f := range list { // ReadDir sorts by name
		ext := filepath.Ext(f.Name())
		if f.IsDir() || ext != ".schema" && ext != ".ldif" {
			continue
		}
		name := filepath.Join(dir, f.Name())
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read schema file: %w", err)
		}
		files = append(files, Text{Name: name, Data: data})
	}
	return Load(files...)
}

func shippedTexts() ([]Text, error) {
	const dir = "definitions"
	list, err := shipped.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("shipped schema: %w", err)
	}
	var out []Text
	for _, f := range list {
		data, err := shipped.ReadFile(path.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("shipped schema: %w", err)
		}
		out = append(out, Text{Name: f.Name(), Data: data})
	}
	return out, nil
}

// compiler collects drafts by all their names and resolves them in the end, so
// that the order of definitions does not matter.
type compiler struct {
	macros     macros
	attributes map[string]*attributeDraft // by lower-case name and OID
	classes    map[string]*classDraft
	attrList   []*attributeDraft
	classList  []*classDraft
	repeats    []repeat
	schema     *Schema
}

// repeat is a definition of something that is defined already. Whether both
// say the same is known when all names are.
type repeat struct {
	key              string // the name or OID they share
	oldAttr, newAttr *attributeDraft
	oldClass, class  *classDraft
}

func newCompiler() *compiler {
	c := &compiler{macros: macros{}, attributes: map[string]*attributeDraft{}, classes: map[string]*classDraft{}}
	c.schema = &Schema{attributes: map[string]*AttributeType{}, classes: map[string]*ObjectClass{},
		rules: map[string]*MatchingRule{}, syntaxes: map[string]*Syntax{},
		ruleList: builtinRules(), syntaxList: builtinSyntaxes()}
	for _, r := range c.schema.ruleList {
		c.schema.rules[strings.ToLower(r.Name)], c.schema.rules[r.OID] = r, r
	}
	for _, x := range c.schema.syntaxList {
		c.schema.syntaxes[x.OID] = x
	}
	return c
}

// add reads one file.
func (c *compiler) add(t Text) error {
	list, err := readText(t)
	if err != nil {
		return err
	}
	for i := range list {
		st := &list[i]
		switch st.kind {
		case macroStatement:
			err = c.macros.define(st)
		case attributeStatement:
			err = c.addAttribute(st)
		case classStatement:
			err = c.addClass(st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) addAttribute(st *statement) error {
	a, err := st.attribute(c.macros)
	if err != nil {
		return err
	}
	same := false
	for _, key := range namesOf(a.OID, a.Names) {
		if old := c.attributes[key]; old != nil {
			c.repeats = append(c.repeats, repeat{key: key, oldAttr: old, newAttr: a})
			same = true
		}
	}
	if same {
		return nil
	}
	for _, key := range namesOf(a.OID, a.Names) {
		c.attributes[key] = a
	}
	c.attrList = append(c.attrList, a)
	return nil
}

func (c *compiler) addClass(st *statement) error {
	o, err := st.class(c.macros)
	if err != nil {
		return err
	}
	same := false
	for _, key := range namesOf(o.OID, o.Names) {
		if old := c.classes[key]; old != nil {
			c.repeats = append(c.repeats, repeat{key: key, oldClass: old, class: o})
			same = true
		}
	}
	if same {
		return nil
	}
	for _, key := range namesOf(o.OID, o.Names) {
		c.classes[key] = o
	}
	c.classList = append(c.classList, o)
	return nil
}

// namesOf lists the keys under which something is found.
func namesOf(oid string, names []string) []string {
	out := []string{oid}
	for _, n := range names {
		if n = strings.ToLower(n); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
