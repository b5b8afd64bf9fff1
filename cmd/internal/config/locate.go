// locate.go: the line of a key, for error messages.

package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// at gives "line N: " for a key written as table.key, "" if it is not there:
// a value that comes from a default has no line.
func at(text, key string) string {
	table := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			table, _, _ = strings.Cut(strings.TrimLeft(name, "["), "]")
			table = strings.TrimSpace(table) + "."
			if strings.TrimSuffix(table, ".") == key {
				return fmt.Sprintf("line %d: ", i+1)
			}
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		if ok && table+strings.Trim(strings.TrimSpace(name), `"'`) == key {
			return fmt.Sprintf("line %d: ", i+1)
		}
	}
	return ""
}

// unknownKey says where the key is, and where it would be known.
func unknownKey(text, key string) error {
	last := key[strings.LastIndexByte(key, '.')+1:]
	hint := ""
	if table, ok := tableOf(last); ok {
		hint = "; it belongs to the table [" + table + "]"
		if table == "" {
			hint = "; it belongs in front of the first table"
		}
	}
	return fmt.Errorf("%sunknown key %s%s", at(text, key), key, hint)
}

// tableOf finds the table of a key, "" for the keys in front of them.
func tableOf(key string) (string, bool) {
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		table, name := f.Type, f.Tag.Get("toml")
		if table.Kind() == reflect.Slice && table.Elem().Kind() == reflect.Struct {
			table, name = table.Elem(), "["+name+"]"
		}
		if table.Kind() != reflect.Struct {
			if name == key {
				return "", true
			}
			continue
		}
		for j := range table.NumField() {
			if table.Field(j).Tag.Get("toml") == key {
				return name, true
			}
		}
	}
	return "", false
}

// message is what the parser found wrong, on one line.
func message(e toml.ParseError) string {
	if e.Message != "" {
		return e.Message
	}
	text := e.Error()
	text = text[strings.LastIndex(text, "): ")+1:]
	return strings.TrimLeft(text, ": )")
}
