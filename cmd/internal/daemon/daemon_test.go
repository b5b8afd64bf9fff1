package daemon

import (
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// Who asks a server that has ended the connection asks again; one that hangs would
// keep them waiting twice.
func TestSilenceIsNoEndOfTheConnection(t *testing.T) {
	for text, want := range map[string]error{"ldap: connection timed out": ErrSilent, "ldap: connection closed": ErrEnded} {
		err := unanswered(ldap.NewError(ldap.ErrorNetwork, errors.New(text)))
		if errors.Is(err, ErrSilent) != (want == ErrSilent) || errors.Is(err, ErrEnded) != (want == ErrEnded) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := unanswered(ldap.NewError(ldap.LDAPResultBusy, errors.New(""))); err.Error() != `LDAP Result Code 51 "Busy"` {
		t.Error(err)
	}
}
