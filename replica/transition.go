package replica

import "fmt"

// MayBecome tells what stands against a change of role. A member leaves its
// group before it joins another one, so that nobody turns a server around by a
// slip; to ask for the role that a server has is no change, and safe.
func MayBecome(old, next Role) error {
	if err := next.Check(); err != nil {
		return err
	}
	switch {
	case next.Kind == RoleNone || old.Kind == RoleNone || old.Kind == next.Kind && next.Kind == RolePrimary:
		return nil
	case old.Kind == next.Kind && sameMember(old.Members[0], next.Members[0]):
		return nil
	case old.Kind == RoleSecondary:
		return fmt.Errorf("this server is already a secondary of %s: type utreplica -u first", old.Members[0])
	}
	return fmt.Errorf("this server is already the %s: type utreplica -u first", old)
}

func sameMember(a, b string) bool {
	x, err := Address(a)
	y, err2 := Address(b)
	return err == nil && err2 == nil && x == y
}

// NeedsPrimary tells whether an outcome, by its word, will not change until somebody
// does something on the primary.
func NeedsPrimary(word string) bool {
	return word == NotListed.Word() || word == NotProvider.Word() || word == WaitingForRestore.Word()
}
