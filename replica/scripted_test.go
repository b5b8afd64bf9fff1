package replica

// A provider that follows a script: the other side of a consumer's
// connections, one script for each of them.

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/xdg-go/scram"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const signature = "the signature of the group"

// scripted is one connection of the provider.
type scripted struct {
	t      testing.TB
	conn   net.Conn
	in     *bufio.Reader
	search int32
	sent   int // messages
	cut    int // break the connection instead of sending this one; 0: never
	hello  MemberHello
	cookie string // of the sync request
}

// cutOff is what a script ends with when its connection is broken on purpose.
type cutOff struct{}

// stage is a consumer with its scripted provider.
type stage struct {
	t        testing.TB
	store    *modelStore
	consumer *Consumer
	plays    []func(p *scripted)
	dials    int
	mu       sync.Mutex
	options  ConsumerOptions
	stop     func()
	work     sync.WaitGroup
}

// newStage has a script for each connection; after the last one nobody
// listens. Tests change the options before start.
func newStage(t testing.TB, store *modelStore, plays ...func(p *scripted)) *stage {
	s := &stage{t: t, store: store, plays: plays}
	s.options = ConsumerOptions{Provider: func() string { return "prim:7012" }, Signature: func() string { return signature },
		Applier: store, Suffix: "o=utdata", Host: "sec", Port: "7012", LostDir: t.TempDir(), Dial: s.dial}
	return s
}

func (s *stage) start() *stage {
	s.consumer = NewConsumer(s.options)
	s.run()
	return s
}

func (s *stage) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.work.Go(func() {
		if err := s.consumer.Run(ctx); !errors.Is(err, context.Canceled) {
			s.t.Errorf("Run ended with %v", err)
		}
	})
	s.stop = func() { cancel(); s.work.Wait() }
}

func (s *stage) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func (s *stage) dial(context.Context, string) (net.Conn, error) {
	s.mu.Lock()
	n := s.dials
	s.dials++
	s.mu.Unlock()
	if n >= len(s.plays) {
		return nil, errors.New("connection refused")
	}
	mine, theirs := net.Pipe()
	s.work.Go(func() {
		defer mine.Close()
		defer func() {
			if r := recover(); r != nil && r != any(cutOff{}) {
				panic(r)
			}
		}()
		s.plays[n](&scripted{t: s.t, conn: mine, in: bufio.NewReader(mine)})
	})
	return theirs, nil
}

// read gives the next request; false at the end of the connection.
func (p *scripted) read() (m wire.Message, ok bool) {
	for n := 2; ; n++ {
		head, err := p.in.Peek(n)
		if err != nil {
			return m, false
		}
		size, bad := wire.FrameLength(head, 1<<24)
		if bad != nil {
			p.t.Errorf("the consumer sent % x: %v", head, bad)
			return m, false
		}
		if size > 0 {
			frame := make([]byte, size)
			if _, err := io.ReadFull(p.in, frame); err != nil {
				return m, false
			}
			if err := m.Decode(frame); err != nil {
				p.t.Errorf("the consumer sent % x: %v", frame, err)
			}
			return m, true
		}
	}
}

// write sends a message, or breaks the connection there.
func (p *scripted) write(message []byte) {
	if p.sent++; p.sent == p.cut {
		panic(cutOff{})
	}
	if _, err := p.conn.Write(message); err != nil {
		panic(cutOff{})
	}
}

// rest waits for the consumer to leave.
func (p *scripted) rest() {
	for {
		if _, ok := p.read(); !ok {
			return
		}
	}
}

// bind proves that the provider has this signature and asks the consumer for
// the same; false if it was not proved.
func (p *scripted) bind(secret string) bool {
	client, err := scram.SHA256.NewClient(memberName, secret, "")
	if err != nil {
		p.t.Error(err)
		return false
	}
	keys, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt", Iters: 4096})
	if err != nil {
		p.t.Error(err)
		return false
	}
	server, err := scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
		if name != memberName {
			p.t.Errorf("the consumer is %q", name)
		}
		return keys, nil
	})
	if err != nil {
		p.t.Error(err)
		return false
	}
	for talk := server.NewConversation(); ; {
		m, ok := p.read()
		var q wire.BindRequest
		if !ok || q.Decode(m.Body) != nil || string(q.Mechanism) != memberMechanism {
			return false
		}
		answer, err := talk.Step(string(q.Credentials))
		result := schema.Result{Code: schema.SASLBindInProgress}
		switch {
		case err != nil:
			result.Code = schema.InvalidCredentials
		case talk.Done():
			result.Code = schema.Success
		}
		p.write(wire.AppendBindResponse(nil, m.ID, &result, []byte(answer), true, nil))
		if talk.Done() || err != nil {
			return talk.Valid()
		}
	}
}

// asked reads the search.
func (p *scripted) asked() {
	m, ok := p.read()
	var q wire.SearchRequest
	if !ok {
		panic(cutOff{})
	}
	if err := q.Decode(m.Body); err != nil || m.Op != wire.TagSearchRequest || string(q.Base) != "o=utdata" {
		p.t.Errorf("operation %#x instead of the search: %+v, %v", m.Op, q, err)
	}
	p.search = m.ID
	for _, c := range m.Controls {
		switch string(c.OID) {
		case wire.OIDSyncRequest:
			var v wire.SyncRequestValue
			if err := v.Decode(c.Value); err != nil || v.Mode != schema.SyncRefreshAndPersist || !c.Critical {
				p.t.Errorf("sync request %+v, %v", v, err)
			}
			p.cookie = v.Cookie
		case OIDMember:
			var err error
			if p.hello, err = DecodeHello(c.Value); err != nil {
				p.t.Error(err)
			}
		}
	}
}

// meet binds, takes the search and answers it.
func (p *scripted) meet(outcome Outcome, s *modelState) {
	if !p.bind(signature) {
		p.t.Error("the consumer did not prove the signature")
	}
	p.asked()
	meeting := Meeting{Outcome: outcome, Reason: "because", Position: s.position, Epochs: s.epochs, Entries: uint64(len(s.entries)), ContextCSN: csn}
	p.tell(OIDOutcome, meeting.Encode())
}

func (p *scripted) tell(oid string, value []byte) {
	p.write(wire.AppendIntermediate(nil, p.search, oid, value))
}

func (p *scripted) entry(v schema.View, state schema.SyncState) {
	p.entryWith(v, wire.SyncStateValue{State: state, UUID: v.UUID}, true)
}

func (p *scripted) entryWith(v schema.View, state wire.SyncStateValue, member bool) {
	controls := wire.AppendControl(nil, wire.OIDSyncState, false, state.Append(nil))
	if member {
		controls = wire.AppendControl(controls, OIDMember, false, wire.AppendUserLength(nil, len(v.User)))
	}
	b, mark := wire.BeginEntry(nil, p.search, v.DN)
	p.write(wire.EndEntry(append(append(b, v.User...), v.Operational...), mark, controls))
}

// batch sends the last n records of s and ends the batch.
func (p *scripted) batch(s *modelState, n int) {
	var body []byte
	list := s.records[len(s.records)-n:]
	for i := range list {
		body = AppendRecord(body, &list[i])
	}
	if n > 0 {
		p.tell(OIDRecords, AppendRecords(nil, list[0].Seq, body))
	}
	p.end(s)
}

func (p *scripted) end(s *modelState) { p.tell(OIDEnd, []byte(s.position.String())) }

func (p *scripted) beat(s *modelState) {
	beat := Heartbeat{Position: s.position}
	p.tell(OIDHeartbeat, beat.Encode())
}

func (p *scripted) done(code schema.ResultCode) {
	p.write(wire.AppendResult(nil, p.search, wire.TagSearchResultDone, schema.Refuse(code, "over"), nil))
}

// confirmed takes one confirmation and answers it.
func (p *scripted) confirmed() schema.Position {
	m, ok := p.read()
	var q wire.ExtendedRequest
	if !ok {
		panic(cutOff{})
	}
	if err := q.Decode(m.Body); err != nil || string(q.Name) != OIDConfirm {
		p.t.Errorf("operation %#x %q instead of a confirmation, %v", m.Op, q.Name, err)
		return schema.Position{}
	}
	c, err := DecodeConfirmation(q.Value)
	if err != nil || c.Host != "sec" || c.Port != "7012" {
		p.t.Errorf("%+v, %v", c, err)
	}
	p.write(wire.AppendExtendedResponse(nil, m.ID, &schema.Result{}, "", nil, false, nil))
	return c.Position
}
