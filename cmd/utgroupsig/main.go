// Command utgroupsig sets the signature of the failover group, and shows by its
// fingerprint whether two servers have the same one.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/service"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const usage = `Usage: utgroupsig [-R DIR] [-w FILE | -g]
       utgroupsig [-R DIR] -l

Sets the signature of the failover group on this server: a text of 8 to 1024
characters, which is asked for twice and not shown. All servers of a group need
the same one; a server with another one is refused by them. The signature that was
there is kept in gmSignature.bak.

The fingerprint tells whether two servers have the same signature without telling
what it is. It is shown with -l and after every change.

Examples:
  utgroupsig
  utgroupsig -w signature.txt
  utgroupsig -g
  utgroupsig -l`

func main() {
	command.Program{Name: "utgroupsig", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	file := f.String("w", "", "take the signature from the first line of `FILE`, - for standard input")
	generate := f.Bool("g", false, "make one by chance")
	show := f.Bool("l", false, "show the fingerprint and change nothing")
	return func(args []string) error {
		if err := command.NoArguments(args); err != nil {
			return err
		}
		if *generate && *file != "" || *show && (*generate || *file != "") {
			return command.Misuse("-w, -g and -l do not belong together")
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		if *show {
			signature, err := site.ReadSignature(paths.Signature)
			if err != nil {
				return notThere(paths, err)
			}
			_, err = fmt.Println(fingerprint(signature))
			return err
		}
		signature := site.NewSignature()
		if !*generate {
			if signature, err = read(*file); err != nil {
				return err
			}
		}
		return install(paths, signature)
	}
}

// read takes the signature from a file, or asks for it.
func read(file string) (string, error) {
	if file != "" {
		text, err := site.ReadSecretFile(file, site.AGroupSignature)
		return string(text), err
	}
	text, err := command.Terminal().New("group signature")
	return string(text), err
}

func install(paths site.Paths, signature string) error {
	if err := site.CheckSignature(signature); err != nil {
		return fmt.Errorf("this is no signature, and nothing was changed: %w", err)
	}
	before, err := site.ReadSignature(paths.Signature)
	if err != nil {
		before = "" // none, or none that is any good
	}
	if before == signature {
		fmt.Printf("The group signature is this one already; its fingerprint is %s.\n", fingerprint(signature))
		return nil
	}
	if err := paths.WriteSignature(signature); err != nil {
		return notThere(paths, err)
	}
	fmt.Printf("The group signature is in %s; its fingerprint is %s.\n", paths.Signature, fingerprint(signature))
	if before != "" {
		fmt.Printf("The one before is in %s.bak. All servers of the group need the new one.\n", paths.Signature)
	}
	return reload(paths)
}

// notThere tells what to do where nothing is set up.
func notThere(paths site.Paths, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the server below %s is not set up; run utconfig first, or name another root with -R", err, paths.Root)
	}
	return err
}

// reload asks the utdsd that is running to read the signature again.
func reload(paths site.Paths) error {
	switch pid, err := service.Reload(paths); {
	case err != nil:
		return fmt.Errorf("the signature is in its place, but utdsd does not know of it before it is restarted: %w", err)
	case pid > 0:
		fmt.Printf("utdsd (process %d) uses it from now on.\n", pid)
	}
	return nil
}

// fingerprint is a part of a hash, long enough to be compared by people and too
// short to check a guess of the signature against for certain.
func fingerprint(signature string) string {
	sum := sha256.Sum256([]byte("Sun Ray group signature\x00" + signature))
	text := hex.EncodeToString(sum[:4])
	return text[:4] + "-" + text[4:]
}
