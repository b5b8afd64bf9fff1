package backend

// Telling others that there is a new state to read.

import (
	"slices"
	"sync"
)

// subscribers are the channels that are told of each commit.
type subscribers struct {
	mu   sync.Mutex
	list []*subscriber
}

type subscriber struct{ wake chan<- struct{} }

// Subscribe has wake told of each commit from now on, with a send that does not
// wait: a channel of capacity 1 never misses that there is something new. The
// state is there to be read when wake is told of it. cancel ends it; it may be
// called more than once, and nothing is sent once it has returned.
func (s *Store) Subscribe(wake chan<- struct{}) (cancel func()) { return s.lasting.subs.add(wake) }

func (l *subscribers) add(wake chan<- struct{}) (cancel func()) {
	one := &subscriber{wake}
	l.mu.Lock()
	l.list = append(l.list, one)
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.list = slices.DeleteFunc(l.list, func(s *subscriber) bool { return s == one })
	}
}

func (l *subscribers) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.list {
		select {
		case s.wake <- struct{}{}:
		default: // told already
		}
	}
}
