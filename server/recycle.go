package server

import (
	"context"
	"time"
)

// Recycle ends the connections that are open now, because what their clients
// have read is no longer true: each finishes what it has taken, searches that
// persist end, and a Notice of Disconnection (RFC 4511 4.4.1) tells why.
// Connections that come later are not touched. Recycle returns when all those
// are gone; when ctx ends the rest is cut, and ctx's error is returned.
func (s *Server) Recycle(ctx context.Context) error {
	old := s.open()
	for _, c := range old {
		c.drain(errReplaced)
	}
	for _, c := range old {
		select {
		case <-c.gone:
			continue
		case <-ctx.Done():
		}
		for _, c := range old {
			c.cut() // those that are gone do not mind
		}
		grace := time.After(cutGrace)
		for _, c := range old {
			select {
			case <-c.gone:
			case <-grace:
				return ctx.Err()
			}
		}
		return ctx.Err()
	}
	return nil
}
