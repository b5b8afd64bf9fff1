// secret.go: the password and the group signature.

package site

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	maxSecret    = 1024 // bytes
	minSignature = 8    // characters; a shorter one is a mistake
)

// The two secrets, as messages name them.
const (
	APassword       = "password"
	AGroupSignature = "group signature"
)

// ReadSecret takes the first line of r as the secret that what names.
func ReadSecret(r io.Reader, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(len(BOM))+maxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", what, err)
	}
	line, _, _ := bytes.Cut(bytes.TrimPrefix(data, []byte(BOM)), []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, fmt.Errorf("read a %s: the first line is empty", what)
	case len(line) > maxSecret:
		return nil, fmt.Errorf("read a %s: longer than %d bytes", what, maxSecret)
	case bytes.IndexByte(line, 0) >= 0:
		return nil, fmt.Errorf("read a %s: it has a NUL character, which no keyboard types; write it anew as plain text", what)
	}
	return line, nil
}

// ReadSecretFile is ReadSecret from the file that an option names, standard input
// for "-".
func ReadSecretFile(path, what string) ([]byte, error) {
	if path == "-" {
		return ReadSecret(os.Stdin, what)
	}
	secret, err := readSecretFile(path, what)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; name a file whose first line it is, - for standard input", err)
	}
	return secret, err
}

func readSecretFile(path, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", what, err)
	}
	defer f.Close()
	secret, err := ReadSecret(f, what)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// ReadPassword reads the utadmin password of the tools.
func (p Paths) ReadPassword() ([]byte, error) { return readSecretFile(p.Password, APassword) }

// WritePassword stores the utadmin password for the tools, mode 0600.
func (p Paths) WritePassword(password []byte) error {
	return WriteFile(p.Password, append(bytes.Clone(password), '\n'), ModeSecret)
}

// ReadSignature reads a group signature: one line of text.
func ReadSignature(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the group signature: %w", err)
	}
	text := strings.TrimRight(strings.TrimPrefix(string(data), BOM), "\r\n")
	if err := CheckSignature(text); err != nil {
		return "", fmt.Errorf("read the group signature: %s: %w", path, err)
	}
	return text, nil
}

// CheckSignature tells what is wrong with a group signature.
func CheckSignature(text string) error {
	switch {
	case strings.ContainsAny(text, "\r\n\x00"):
		return errors.New("it has more than one line")
	case len(text) < minSignature || len(text) > maxSecret:
		return fmt.Errorf("it has %d characters; %d to %d are wanted", len(text), minSignature, maxSecret)
	}
	return nil
}

// Origin tells where a group signature came from.
type Origin string

// The three origins, as words of a sentence.
const (
	SignatureKept      Origin = "kept"
	SignatureInstalled Origin = "installed"
	SignatureGenerated Origin = "generated"
)

// EnsureSignature sees to it that there is a group signature: the one of the
// file from if that is not empty, else the one that is there already, else a
// new one of 256 random bits. A signature that is replaced is kept as .bak.
func (p Paths) EnsureSignature(from string) (Origin, error) {
	if from != "" {
		text, err := ReadSignature(from)
		if err != nil {
			return "", err
		}
		return SignatureInstalled, p.WriteSignature(text)
	}
	_, err := ReadSignature(p.Signature)
	switch {
	case err == nil:
		return SignatureKept, os.Chmod(p.Signature, ModeSecret)
	case errors.Is(err, os.ErrNotExist):
		return SignatureGenerated, p.WriteSignature(NewSignature())
	}
	return "", err
}

// WriteSignature makes text the group signature. One that is replaced by
// another is kept as .bak.
func (p Paths) WriteSignature(text string) error {
	if err := CheckSignature(text); err != nil {
		return fmt.Errorf("write the group signature: %w", err)
	}
	current, err := ReadSignature(p.Signature)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if current != "" && current != text {
		if err := WriteFile(p.Signature+".bak", []byte(current+"\n"), ModeSecret); err != nil {
			return err
		}
	}
	return WriteFile(p.Signature, []byte(text+"\n"), ModeSecret)
}

func NewSignature() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
