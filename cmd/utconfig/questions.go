// questions.go: what is asked before a server is set up, in the words of the
// original where those are known.

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
)

const introduction = `
Configuration of Sun Ray Core Services Software

This program sets up the data store of this server. It asks for what it has to
know; default values are shown in brackets. Nothing is changed before the last
question is answered.
`

// question completes the plan with the answers and shows it. The group is not
// asked for if the command line has it.
func (s *setup) question(d dialog, groupGiven bool) error {
	fmt.Fprint(d.out, introduction+"\n")
	if s.keep {
		fmt.Fprintf(d.out, "WARNING: the data store is set up already. Its data and its password are kept.\n\n")
	}
	if s.replace {
		fmt.Fprintf(d.out, "WARNING: the data store is set up already. All its data is replaced by that of\n"+
			"a new one; the old one is kept as %s.\n\n", s.paths.Previous)
	}
	if err := d.goOn(!s.keep && !s.replace); err != nil {
		return err
	}
	if s.password == nil {
		password, err := d.secret("Sun Ray admin password", checkPassword)
		if err != nil {
			return err
		}
		s.password = []byte(password)
	}
	fmt.Fprintln(d.out)
	failover, err := d.yes("Configure this server for a failover group?", false)
	if err != nil {
		return err
	}
	if failover {
		if err := s.questionGroup(d, groupGiven); err != nil {
			return err
		}
	}
	s.summary(d, failover)
	return d.goOn(true)
}

// questionGroup asks what all servers of a group have in common.
func (s *setup) questionGroup(d dialog, groupGiven bool) error {
	if !s.keep && !groupGiven {
		fmt.Fprintf(d.out, "\nThe group has the host name of its first primary.\n")
		for n := 0; ; n++ {
			name, err := d.line("Enter failover group name ["+s.tree.Group+"]: ", s.tree.Group)
			if err != nil {
				return err
			}
			fault := site.CheckGroup(name)
			if fault == nil {
				s.tree.Group = name
				break
			}
			fmt.Fprintf(d.out, "%s.\n", fault)
			if n == askTimes-1 {
				return errDeclined
			}
		}
	}
	if s.signature != "" { // -g
		return nil
	}
	otherwise := "one is generated"
	if s.hasSignature() {
		otherwise = "the present one is kept"
	}
	fmt.Fprintf(d.out, "\nAll servers of the group have the same signature. Without one %s.\n", otherwise)
	text, err := d.secret("signature", func(text string) error {
		if text == "" {
			return nil
		}
		return site.CheckSignature(text)
	})
	s.typedSignature = text
	return err
}

func (s *setup) hasSignature() bool {
	_, err := site.ReadSignature(s.paths.Signature)
	return err == nil
}

// checkPassword tells what is wrong with a password.
func checkPassword(text string) error {
	if text == "" {
		return errors.New("it is empty")
	}
	_, err := site.ReadSecret(strings.NewReader(text), site.APassword)
	return err
}

// summary shows what is about to be done.
func (s *setup) summary(d dialog, failover bool) {
	host, err := hostName()
	if err != nil {
		host = "(unknown)"
	}
	store := "new, " + s.paths.Store
	switch {
	case s.keep:
		store = "kept, " + s.paths.Store
	case s.replace:
		store = "replaced, the old one is kept as " + s.paths.Previous
	}
	signature := "generated"
	switch {
	case s.typedSignature != "":
		signature = "(not shown)"
	case s.signature != "":
		signature = "that of " + s.signature
	case s.hasSignature():
		signature = "kept"
	}
	fmt.Fprintf(d.out, `
About to configure the following software products:

Sun Ray Data Store %s
    Hostname: %s
    Port: %d
    Sun Ray root entry: %s
    Sun Ray root name: %s
    Sun Ray utdata admin password: (not shown)
    SRDS 'rootdn': %s
    Data: %s

Sun Ray Core Services
    Failover group: %s
    Group name: %s
    Group signature: %s

`, command.Version(), host, s.port, site.Suffix, strings.TrimPrefix(site.Suffix, "o="), s.tree.RootDN(), store,
		s.inGroup(failover), s.tree.Group, signature)
}

// inGroup tells whether the server will belong to a failover group: one that has a
// role in it keeps that, whatever was answered.
func (s *setup) inGroup(answer bool) string {
	role, err := s.paths.ReadRole()
	switch {
	case err == nil && role.Kind != replica.RoleNone:
		return "yes, " + role.String()
	case answer:
		return "yes"
	case err != nil:
		return "(unknown)"
	}
	return "no"
}
