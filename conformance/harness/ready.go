// ready.go: the wait until a server answers.

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	readyWithin = 20 * time.Second      // a start with the machine busy
	readyEvery  = 10 * time.Millisecond // between two attempts
)

// awaitAnswer asks address for an anonymous bind until it is answered. It
// ends early when exited is closed.
func awaitAnswer(place Place, address string, exited <-chan struct{}) error {
	deadline := time.After(readyWithin)
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		err := anonymousBind(place, address)
		if err == nil {
			return nil
		}
		select {
		case <-exited:
			return errors.New("ended before it answered")
		case <-deadline:
			return fmt.Errorf("no answer within %s: %w", readyWithin, err)
		case <-tick.C:
		}
	}
}

// anonymousBind does the smallest exchange of LDAP (RFC 4511 4.2): the bytes
// are written out so that the harness shares no codec with what it tests.
func anonymousBind(place Place, address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	dial := (&net.Dialer{}).DialContext
	if place != nil {
		dial = place.Dial
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	// LDAPMessage { messageID 1, BindRequest { version 3, name "", simple "" } }
	request := []byte{0x30, 0x0c, 0x02, 0x01, 0x01, 0x60, 0x07, 0x02, 0x01, 0x03, 0x04, 0x00, 0x80, 0x00}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	// LDAPMessage { messageID 1, BindResponse { success, "", "" } }
	answer := make([]byte, 14)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 0x30 || answer[5] != 0x61 || answer[9] != 0 {
		return fmt.Errorf("answer % x is no successful bind response", answer)
	}
	return nil
}
