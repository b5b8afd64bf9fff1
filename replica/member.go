package replica

// The messages between members of a failover group, both ways; doc.go says
// when each is sent. Those for one to read at leisure are JSON, in which
// fields that a later version adds are passed over; what is sent in bulk is BER.

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

const arc = "2.25.262046548186107960548391494886628366679.3."

// Names of the controls, extended operations and intermediate responses of
// members.
const (
	// OIDMember is the control by which a member presents itself in its sync
	// search (MemberHello), and that goes with each entry which it is sent
	// (wire.AppendUserLength).
	OIDMember = wire.OIDMember
	// OIDStatus asks for the status of the group; extended operation.
	OIDStatus = arc + "3"
	// OIDConfirm tells what a member has (Confirmation); extended operation.
	OIDConfirm = arc + "4"
	// OIDSetRole changes the role of a server; extended operation.
	OIDSetRole = arc + "5"
	// OIDOutcome comes first in every sync search of a member (Meeting).
	OIDOutcome = arc + "6"
	// OIDRecords carries changelog records (AppendRecords).
	OIDRecords = arc + "7"
	// OIDEnd ends a batch or a refresh; its value is the text of the position
	// at which the member then is.
	OIDEnd = arc + "8"
	// OIDHeartbeat tells that the provider lives (Heartbeat).
	OIDHeartbeat = arc + "9"
	// OIDSurvey asks a server for the status of every member; extended
	// operation.
	OIDSurvey = arc + "10"
)

// MemberVersion is the version of these messages.
const MemberVersion = 1

// HeartbeatInterval is the time between two heartbeats of an idle provider.
const HeartbeatInterval = time.Second

// ErrMember is wrapped by every error about a message of a member.
var ErrMember = errors.New("not a message of a failover group")

// maxEpochs bounds the histories that are read. An epoch begins with a
// promotion or a restore, so that a true history has a handful.
const maxEpochs = 4096

// MemberHello is how a member presents itself to its provider: value of the
// control OIDMember in the search.
type MemberHello struct {
	Host, Port string // where the member listens, as it calls itself
	Version    int
	Position   schema.Position // zero: no store yet
	Epochs     []schema.Epoch
	Fresh      bool // it has no data that could be lost
	Adopt      bool // an administrator said that it shall become equal to this provider
	// Refresh asks for the whole state where the outcome would be UpToDate or
	// Stream: what it has turned out not to be the state of its position.
	Refresh bool
}

// Meeting is the first message of a provider to a member: value of OIDOutcome.
type Meeting struct {
	Outcome Outcome
	Reason  string // one sentence for people
	// Position and Epochs are the provider's. A refresh that follows is of
	// this very position.
	Position schema.Position
	Epochs   []schema.Epoch
	Entries  uint64 // how many the provider has; for progress
	// ContextCSN is that of the provider's newest change; empty if there was
	// none. Where that change was a delete, no entry has it.
	ContextCSN string
}

// Heartbeat is sent by an idle provider: value of OIDHeartbeat.
type Heartbeat struct {
	Position schema.Position // the provider's; the member has been sent everything up to it
	Time     time.Time       // of the provider's clock
}

// Confirmation is what a member tells after each batch that is durable: value
// of OIDConfirm.
type Confirmation struct {
	Host, Port string
	Position   schema.Position
}

// positionText is a position as a JSON string, empty for the zero position.
type positionText schema.Position

func (p positionText) MarshalText() ([]byte, error) {
	if p.Epoch == "" {
		return nil, nil
	}
	return []byte(schema.Position(p).String()), nil
}

func (p *positionText) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = positionText{}
		return nil
	}
	read, err := schema.ParsePosition(string(text))
	*p = positionText(read)
	return err
}

// The JSON forms.
type (
	helloJSON struct {
		Host     string         `json:"host"`
		Port     string         `json:"port"`
		Version  int            `json:"version"`
		Position positionText   `json:"position"`
		Epochs   []schema.Epoch `json:"epochs"`
		Fresh    bool           `json:"fresh"`
		Adopt    bool           `json:"adopt"`
		Refresh  bool           `json:"refresh"`
	}
	meetingJSON struct {
		Outcome  Outcome        `json:"outcome"`
		Reason   string         `json:"reason"`
		Position positionText   `json:"position"`
		Epochs   []schema.Epoch `json:"epochs"`
		Entries  uint64         `json:"entries"`
		CSN      string         `json:"csn"`
	}
	heartbeatJSON struct {
		Position positionText `json:"position"`
		Time     int64        `json:"time"` // microseconds since 1970
	}
	confirmationJSON struct {
		Host     string       `json:"host"`
		Port     string       `json:"port"`
		Position positionText `json:"position"`
	}
)

// Encode gives the value of the control.
func (m *MemberHello) Encode() []byte {
	return encode(helloJSON{m.Host, m.Port, m.Version, positionText(m.Position), m.Epochs, m.Fresh, m.Adopt, m.Refresh})
}

// DecodeHello reads what MemberHello.Encode wrote. A later version than
// MemberVersion is no error here: it is the provider's to refuse it.
func DecodeHello(value []byte) (MemberHello, error) {
	var j helloJSON
	if err := decode("hello", value, &j); err != nil {
		return MemberHello{}, err
	}
	if j.Version < 1 {
		return MemberHello{}, fmt.Errorf("%w: hello: version %d", ErrMember, j.Version)
	}
	if err := checkEpochs("hello", j.Epochs); err != nil {
		return MemberHello{}, err
	}
	return MemberHello{j.Host, j.Port, j.Version, schema.Position(j.Position), j.Epochs, j.Fresh, j.Adopt, j.Refresh}, nil
}

// Encode gives the value of the intermediate response.
func (m *Meeting) Encode() []byte {
	return encode(meetingJSON{m.Outcome, m.Reason, positionText(m.Position), m.Epochs, m.Entries, m.ContextCSN})
}

// DecodeMeeting reads what Meeting.Encode wrote. An outcome that this version
// does not know is an error.
func DecodeMeeting(value []byte) (Meeting, error) {
	var j meetingJSON
	if err := decode("outcome", value, &j); err != nil {
		return Meeting{}, err
	}
	if j.Outcome.Word() == "" {
		return Meeting{}, fmt.Errorf("%w: no outcome", ErrMember)
	}
	if err := checkEpochs("outcome", j.Epochs); err != nil {
		return Meeting{}, err
	}
	return Meeting{j.Outcome, j.Reason, schema.Position(j.Position), j.Epochs, j.Entries, j.CSN}, nil
}

// Encode gives the value of the intermediate response.
func (h *Heartbeat) Encode() []byte {
	return encode(heartbeatJSON{positionText(h.Position), h.Time.UnixMicro()})
}

// DecodeHeartbeat reads what Heartbeat.Encode wrote.
func DecodeHeartbeat(value []byte) (Heartbeat, error) {
	var j heartbeatJSON
	if err := decode("heartbeat", value, &j); err != nil {
		return Heartbeat{}, err
	}
	return Heartbeat{schema.Position(j.Position), time.UnixMicro(j.Time).UTC()}, nil
}

// Encode gives the value of the extended request.
func (c *Confirmation) Encode() []byte {
	return encode(confirmationJSON{c.Host, c.Port, positionText(c.Position)})
}

// DecodeConfirmation reads what Confirmation.Encode wrote; one without a
// position is an error.
func DecodeConfirmation(value []byte) (Confirmation, error) {
	var j confirmationJSON
	if err := decode("confirmation", value, &j); err != nil {
		return Confirmation{}, err
	}
	if j.Position.Epoch == "" {
		return Confirmation{}, fmt.Errorf("%w: confirmation: no position", ErrMember)
	}
	return Confirmation{j.Host, j.Port, schema.Position(j.Position)}, nil
}

// encode cannot fail: the JSON forms have nothing that JSON has not.
func encode(form any) []byte {
	value, err := json.Marshal(form)
	if err != nil {
		panic(err)
	}
	return value
}

func decode(what string, value []byte, form any) error {
	if err := json.Unmarshal(value, form); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMember, what, err)
	}
	return nil
}

func checkEpochs(what string, epochs []schema.Epoch) error {
	if len(epochs) > maxEpochs {
		return fmt.Errorf("%w: %s: history of %d epochs", ErrMember, what, len(epochs))
	}
	for _, e := range epochs {
		id, err := hex.DecodeString(e.ID)
		if err == nil && len(id) == 16 && e.From != "" {
			_, err = schema.ParsePosition(e.From)
		}
		known := e.Kind == schema.EpochInitial || e.Kind == schema.EpochRestored || e.Kind == schema.EpochPromoted
		if err != nil || len(id) != 16 || !known {
			return fmt.Errorf("%w: %s: a broken history of epochs", ErrMember, what)
		}
	}
	return nil
}

// AppendRecord appends one record to body, from which AppendRecords makes a
// message. Bodies of records that follow each other may be joined.
func AppendRecord(body []byte, rec *schema.ChangeRecord) []byte {
	body, mark := ber.Begin(body, ber.TagOctetString)
	return ber.End(rec.AppendTo(body), mark)
}

// AppendRecords appends the value of OIDRecords:
//
//	SEQUENCE { first INTEGER, records SEQUENCE OF OCTET STRING }
//
// first is the number of the first record in body; the others follow it
// without a gap.
func AppendRecords(dst []byte, first uint64, body []byte) []byte {
	dst, mark := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(first))
	return ber.End(ber.AppendBytes(dst, ber.TagSequence, body), mark)
}

// DecodeRecords reads what AppendRecords wrote. The records keep nothing of
// value.
func DecodeRecords(value []byte) ([]schema.ChangeRecord, error) {
	broken := fmt.Errorf("%w: records", ErrMember)
	content, rest, err := ber.Expect(value, ber.TagSequence)
	if err != nil || len(rest) > 0 {
		return nil, broken
	}
	number, content, err := ber.Expect(content, ber.TagInteger)
	if err != nil {
		return nil, broken
	}
	first, err := ber.Int(number)
	if err != nil || first < 1 {
		return nil, broken
	}
	list, rest, err := ber.Expect(content, ber.TagSequence)
	if err != nil || len(rest) > 0 {
		return nil, broken
	}
	var records []schema.ChangeRecord
	for len(list) > 0 {
		var one []byte
		if one, list, err = ber.Expect(list, ber.TagOctetString); err != nil {
			return nil, broken
		}
		rec, ok := schema.ReadChangeRecord(one)
		if !ok {
			return nil, broken
		}
		rec.Seq = uint64(first) + uint64(len(records))
		records = append(records, rec)
	}
	return records, nil
}
