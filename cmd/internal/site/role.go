// role.go: the file with the server's role in its failover group.

package site

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/sunray-ds/utdsd/replica"
)

// ReadRole reads the role of this server; without a file it has none.
func (p Paths) ReadRole() (replica.Role, error) {
	text, err := os.ReadFile(p.Role)
	if errors.Is(err, os.ErrNotExist) {
		return replica.Role{Kind: replica.RoleNone}, nil
	}
	if err != nil {
		return replica.Role{}, fmt.Errorf("read the role: %w", err)
	}
	r, err := replica.ReadRole(bytes.NewReader(text))
	if err != nil {
		return r, fmt.Errorf("%s: %w; utreplica writes it anew", p.Role, err)
	}
	return r, nil
}

// WriteRole writes the role of this server. It holds no secret.
func (p Paths) WriteRole(r replica.Role) error {
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		return err
	}
	return WriteFile(p.Role, b.Bytes(), ModePublic)
}
