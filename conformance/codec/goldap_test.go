// goldap_test.go: messages as goldap reads and writes them. Most of its fields
// have no accessor, so they are read by reflection.

package codec_test

import (
	"fmt"
	"reflect"

	"github.com/lor00x/goldap/message"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// parseGoldap is goldap's decoder with its panics made errors: it indexes
// behind the end of short messages.
func parseGoldap(pdu []byte) (m message.LDAPMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("goldap panics: %v", p)
		}
	}()
	return message.ReadLDAPMessage(message.NewBytes(0, pdu))
}

// goldapTakes tells whether a valid message is free of what goldap is known to
// refuse: an extensible match without dnAttributes, a referral URL or list
// that is empty, an empty And or Or.
func goldapTakes(m *reading) bool {
	q, ok := m.Request.(*wire.SearchRequest)
	if !ok {
		return true
	}
	for i, n := range q.Filter.Nodes {
		if n.Kind == schema.FilterExtensible && !n.DN {
			return false
		}
		if (n.Kind == schema.FilterAnd || n.Kind == schema.FilterOr) && int(n.End) == i+1 {
			return false
		}
	}
	return true
}

// rewriteGoldap is the message as goldap writes it after reading it; ok is
// false where goldap cannot. It writes integers as if they had no sign.
func rewriteGoldap(pdu []byte, want *reading) (out []byte, ok bool) {
	if signLost(want.ID) {
		return nil, false
	}
	switch q := want.Request.(type) {
	case *wire.SearchRequest:
		if signLost(q.SizeLimit) || signLost(q.TimeLimit) {
			return nil, false
		}
	case *wire.AbandonRequest:
		if signLost(q.ID) {
			return nil, false
		}
	}
	m, err := parseGoldap(pdu)
	if err != nil {
		return nil, false
	}
	b, err := m.Write()
	if err != nil {
		return nil, false
	}
	return b.Bytes(), true
}

// signLost tells whether the shortest unsigned form of v begins with a one bit.
func signLost(v int32) bool {
	for v >= 0x100 {
		v >>= 8
	}
	return v >= 0x80
}

func readGoldap(pdu []byte) (*reading, error) {
	m, err := parseGoldap(pdu)
	if err != nil {
		return nil, err
	}
	out := &reading{ID: int32(m.MessageID())}
	if list := m.Controls(); list != nil {
		for i := range *list {
			c := &(*list)[i]
			control := wire.Control{OID: []byte(c.ControlType()), Critical: bool(c.Criticality())}
			if v := c.ControlValue(); v != nil {
				control.Value, control.HasValue = []byte(*v), true
			}
			out.Controls = append(out.Controls, control)
		}
	}
	v := reflect.ValueOf(m.ProtocolOp())
	out.Op, out.Request = goldapRequest(v)
	if out.Op == 0 {
		out.Op, out.Request = goldapResponse(v)
	}
	if out.Op == 0 {
		return nil, fmt.Errorf("operation %s is not known here", v.Type())
	}
	return out, nil
}

// octets and optional read a string field and a pointer to a string.
func octets(v reflect.Value, field string) []byte { return []byte(v.FieldByName(field).String()) }

func optional(v reflect.Value, field string) (value []byte, has bool) {
	p := v.FieldByName(field)
	if p.IsNil() {
		return nil, false
	}
	return []byte(p.Elem().String()), true
}

func goldapRequest(v reflect.Value) (op byte, request any) {
	switch v.Interface().(type) {
	case message.UnbindRequest:
		return wire.TagUnbindRequest, nil
	case message.DelRequest:
		return wire.TagDelRequest, &wire.DeleteRequest{DN: []byte(v.String())}
	case message.AbandonRequest:
		return wire.TagAbandonRequest, &wire.AbandonRequest{ID: int32(v.Int())}
	case message.BindRequest:
		return wire.TagBindRequest, goldapBind(v)
	case message.SearchRequest:
		return wire.TagSearchRequest, goldapSearch(v)
	case message.ModifyRequest:
		q := &wire.ModifyRequest{DN: octets(v, "object")}
		for i := range v.FieldByName("changes").Len() {
			c := v.FieldByName("changes").Index(i)
			a := goldapAttribute(c.FieldByName("modification"))
			q.Mods = append(q.Mods, schema.Modification{Op: schema.ModOp(c.FieldByName("operation").Int()), Attr: a.Attr, Values: a.Values})
		}
		return wire.TagModifyRequest, q
	case message.AddRequest:
		return wire.TagAddRequest, &wire.AddRequest{DN: octets(v, "entry"), Attributes: goldapAttributes(v.FieldByName("attributes"))}
	case message.ModifyDNRequest:
		q := &wire.ModifyDNRequest{DN: octets(v, "entry"), NewRDN: octets(v, "newrdn"), DeleteOldRDN: v.FieldByName("deleteoldrdn").Bool()}
		q.NewSuperior, q.HasNewSuperior = optional(v, "newSuperior")
		return wire.TagModifyDNRequest, q
	case message.CompareRequest:
		ava := v.FieldByName("ava")
		return wire.TagCompareRequest, &wire.CompareRequest{DN: octets(v, "entry"), Attr: octets(ava, "attributeDesc"), Value: octets(ava, "assertionValue")}
	case message.ExtendedRequest:
		q := &wire.ExtendedRequest{Name: octets(v, "requestName")}
		q.Value, q.HasValue = optional(v, "requestValue")
		return wire.TagExtendedRequest, q
	}
	return 0, nil
}

func goldapBind(v reflect.Value) *wire.BindRequest {
	q := &wire.BindRequest{Version: int(v.FieldByName("version").Int()), Name: octets(v, "name")}
	auth := v.FieldByName("authentication").Elem()
	if auth.Kind() == reflect.String {
		q.AuthTag, q.Password = wire.AuthSimple, []byte(auth.String())
		return q
	}
	q.AuthTag, q.Mechanism = wire.AuthSASL, octets(auth, "mechanism")
	q.Credentials, q.HasCredentials = optional(auth, "credentials")
	return q
}

func goldapSearch(v reflect.Value) *wire.SearchRequest {
	q := &wire.SearchRequest{
		Base: octets(v, "baseObject"), Scope: schema.Scope(v.FieldByName("scope").Int()),
		Deref:     schema.Deref(v.FieldByName("derefAliases").Int()),
		SizeLimit: int32(v.FieldByName("sizeLimit").Int()), TimeLimit: int32(v.FieldByName("timeLimit").Int()),
		TypesOnly: v.FieldByName("typesOnly").Bool(),
	}
	goldapFilter(&q.Filter, v.FieldByName("filter").Elem())
	for i := range v.FieldByName("attributes").Len() {
		q.Attributes = append(q.Attributes, []byte(v.FieldByName("attributes").Index(i).String()))
	}
	return q
}

var goldapKinds = map[string]schema.FilterKind{
	"FilterAnd": schema.FilterAnd, "FilterOr": schema.FilterOr, "FilterNot": schema.FilterNot,
	"FilterEqualityMatch": schema.FilterEquality, "FilterSubstrings": schema.FilterSubstrings,
	"FilterGreaterOrEqual": schema.FilterGreaterOrEqual, "FilterLessOrEqual": schema.FilterLessOrEqual,
	"FilterPresent": schema.FilterPresent, "FilterApproxMatch": schema.FilterApprox,
	"FilterExtensibleMatch": schema.FilterExtensible,
}

func goldapFilter(f *schema.Filter, v reflect.Value) {
	at := len(f.Nodes)
	n := schema.FilterNode{Kind: goldapKinds[v.Type().Name()]}
	f.Nodes = append(f.Nodes, n)
	switch n.Kind {
	case schema.FilterAnd, schema.FilterOr:
		for i := range v.Len() {
			goldapFilter(f, v.Index(i).Elem())
		}
	case schema.FilterNot:
		goldapFilter(f, v.FieldByName("Filter").Elem())
	case schema.FilterPresent:
		n.Attr = []byte(v.String())
	case schema.FilterSubstrings:
		n.Attr, n.PartsFrom = octets(v, "type_"), int32(len(f.Parts))
		kinds := map[string]schema.PartKind{"SubstringInitial": schema.PartInitial, "SubstringAny": schema.PartAny, "SubstringFinal": schema.PartFinal}
		for i := range v.FieldByName("substrings").Len() {
			p := v.FieldByName("substrings").Index(i).Elem()
			f.Parts = append(f.Parts, schema.SubstringPart{At: kinds[p.Type().Name()], Value: []byte(p.String())})
		}
		n.PartsTo = int32(len(f.Parts))
	case schema.FilterExtensible:
		n.Rule, _ = optional(v, "matchingRule")
		n.Attr, _ = optional(v, "type_")
		n.Value, n.DN = octets(v, "matchValue"), v.FieldByName("dnAttributes").Bool()
	default:
		n.Attr, n.Value = octets(v, "attributeDesc"), octets(v, "assertionValue")
	}
	n.End = int32(len(f.Nodes))
	f.Nodes[at] = n
}

func goldapAttribute(v reflect.Value) schema.RawAttribute {
	a := schema.RawAttribute{Attr: string(octets(v, "type_"))}
	for i := range v.FieldByName("vals").Len() {
		a.Values = append(a.Values, []byte(v.FieldByName("vals").Index(i).String()))
	}
	return a
}

func goldapAttributes(v reflect.Value) (out []schema.RawAttribute) {
	for i := range v.Len() {
		out = append(out, goldapAttribute(v.Index(i)))
	}
	return out
}

func goldapResponse(v reflect.Value) (op byte, response any) {
	p := &wiretest.Response{}
	switch v.Interface().(type) {
	case message.SearchResultEntry:
		p.DN, p.Attributes = string(octets(v, "objectName")), goldapAttributes(v.FieldByName("attributes"))
		return wire.TagSearchResultEntry, p
	case message.SearchResultReference:
		p.Result.Referrals = goldapURLs(v)
		return wire.TagSearchReference, p
	case message.IntermediateResponse:
		goldapNamed(p, v)
		return wire.TagIntermediate, p
	case message.ExtendedResponse:
		p.Result = goldapResult(v)
		goldapNamed(p, v)
		return wire.TagExtendedResponse, p
	case message.BindResponse:
		p.Result = goldapResult(v)
		p.Creds, p.HasCreds = optional(v, "serverSaslCreds")
		return wire.TagBindResponse, p
	case message.SearchResultDone:
		op = wire.TagSearchResultDone
	case message.ModifyResponse:
		op = wire.TagModifyResponse
	case message.AddResponse:
		op = wire.TagAddResponse
	case message.DelResponse:
		op = wire.TagDelResponse
	case message.ModifyDNResponse:
		op = wire.TagModifyDNResponse
	case message.CompareResponse:
		op = wire.TagCompareResponse
	default:
		return 0, nil
	}
	p.Result = goldapResult(v)
	return op, p
}

func goldapNamed(p *wiretest.Response, v reflect.Value) {
	name, _ := optional(v, "responseName")
	p.Name = string(name)
	p.Value, p.HasValue = optional(v, "responseValue")
}

func goldapResult(v reflect.Value) schema.Result {
	r := schema.Result{
		Code:      schema.ResultCode(v.FieldByName("resultCode").Int()),
		MatchedDN: string(octets(v, "matchedDN")), Diagnostic: string(octets(v, "diagnosticMessage")),
	}
	if list := v.FieldByName("referral"); !list.IsNil() {
		r.Referrals = goldapURLs(list.Elem())
	}
	return r
}

func goldapURLs(v reflect.Value) (out []string) {
	for i := range v.Len() {
		out = append(out, v.Index(i).String())
	}
	return out
}
