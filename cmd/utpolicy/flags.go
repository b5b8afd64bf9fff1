// flags.go: what a policy says, as options of the command line.

package main

import (
	"flag"
	"slices"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
)

// The types of tokens.
const (
	card   = "card"
	pseudo = "pseudo"
	both   = "both"
)

// setting is one option of a policy.
type setting struct {
	name  string
	on    bool   // of an option that is on or off
	types string // of an option for types of tokens
}

// settings are the options in the order in which they are shown.
type settings []*setting

func defineSettings(f *flag.FlagSet) settings {
	var all settings
	for _, s := range []struct{ name, text string }{
		{"g", "users may choose the server of their session"}, {"m", "several desktops may show one session"},
		{"M", "sessions without a card may move (non-smart-card mobility)"}, {"p", "registering oneself needs no password"},
	} {
		one := &setting{name: s.name}
		f.BoolVar(&one.on, s.name, false, s.text)
		all = append(all, one)
	}
	for _, s := range []struct{ name, text string }{
		{"r", "tokens of `TYPE` get access if they are registered"}, {"s", "of those, the ones of `TYPE` may register themselves"},
		{"z", "tokens of `TYPE` get access without being registered"}, {"k", "tokens of `TYPE` get a kiosk session"},
		{"u", "software clients with tokens of `TYPE` get access"},
	} {
		one := &setting{name: s.name}
		f.StringVar(&one.types, s.name, "", s.text)
		all = append(all, one)
	}
	return all
}

// kiosk tells whether any tokens get a kiosk session.
func (all settings) kiosk() bool {
	return slices.ContainsFunc(all, func(s *setting) bool { return s.name == "k" && s.types != "" })
}

// flags gives the options as a policy stores them.
func (all settings) flags() (list []string, err error) {
	types := map[string]string{}
	for _, s := range all {
		switch s.types {
		case "":
			if s.on {
				list = append(list, "-"+s.name)
			}
			continue
		case card, pseudo, both:
		default:
			return nil, command.Misuse("-%s %s: want card, pseudo or both", s.name, s.types)
		}
		types[s.name] = s.types
		list = append(list, "-"+s.name+" "+s.types)
	}
	for _, t := range []string{card, pseudo} {
		switch {
		case covers(types["r"], t) && covers(types["z"], t):
			return nil, command.Misuse("-r and -z contradict each other: both say how %s tokens get access", t)
		case covers(types["s"], t) && !covers(types["r"], t):
			return nil, command.Misuse("-s %s: only types that -r names can register themselves", types["s"])
		}
	}
	return list, nil
}

func covers(types, one string) bool { return types == both || types == one }
