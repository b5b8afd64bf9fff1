// admin.go: utadmin.conf, what the administration tools are told.

package site

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Admin is the content of utadmin.conf. The original's content is unknown;
// this form (name = value, # comments) is our own.
type Admin struct {
	Server  string // host name or address of the data store
	Port    int    // of plain LDAP
	AdminDN string // entry that the tools bind as
	Subtree string // entry of the failover group
}

// WriteAdmin writes utadmin.conf. It holds no secret and everybody may read it.
func (p Paths) WriteAdmin(a Admin) error {
	text := fmt.Sprintf(`# How the administration tools reach the Sun Ray data store.
# The password of admindn is in %s.
server = %s
port = %d
admindn = %s
subtree = %s
`, p.Password, a.Server, a.Port, a.AdminDN, a.Subtree)
	return WriteFile(p.Admin, []byte(text), ModePublic)
}

// ReadAdmin reads utadmin.conf. Its errors name file, line and what to do.
func (p Paths) ReadAdmin() (Admin, error) {
	data, err := os.ReadFile(p.Admin)
	if errors.Is(err, os.ErrNotExist) {
		return Admin{}, fmt.Errorf("%s is not there: this is no configured Sun Ray server; run utconfig first, or name its root with -R", p.Admin)
	}
	if err != nil {
		return Admin{}, fmt.Errorf("read the tools' configuration: %w", err)
	}
	a, err := parseAdmin(string(data))
	if err != nil {
		return Admin{}, fmt.Errorf("%s: %w", p.Admin, err)
	}
	return a, nil
}

func parseAdmin(text string) (a Admin, err error) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || value == "" {
			return Admin{}, fmt.Errorf("line %d: want name = value", i+1)
		}
		switch name {
		case "server":
			a.Server = value
		case "port":
			if a.Port, err = ParsePort(value); err != nil {
				return Admin{}, fmt.Errorf("line %d: %w", i+1, err)
			}
		case "admindn":
			a.AdminDN = value
		case "subtree":
			a.Subtree = value
		default:
			return Admin{}, fmt.Errorf("line %d: unknown name %q", i+1, name)
		}
	}
	if a.Server == "" || a.Port == 0 || a.AdminDN == "" || a.Subtree == "" {
		return Admin{}, errors.New("server, port, admindn and subtree must all be there")
	}
	return a, nil
}

// ParsePort reads a TCP port, 1 to 65535.
func ParsePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("%q is not a port (1 to 65535)", text)
	}
	return port, nil
}
