package service

// systemd.go: the unit, where systemd runs the machine.

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// unit is the name of the unit that the package installs.
const unit = "utdsd.service"

// bootedFolder is there if systemd runs the machine (sd_booted(3)).
const bootedFolder = "/run/systemd/system"

// unitEnabled tells whether systemd starts utdsd with the machine, and so is to
// start it now.
func (s *Service) unitEnabled() bool {
	if !s.booted() {
		return false
	}
	switch ask("is-enabled") {
	case "enabled", "enabled-runtime", "linked", "linked-runtime":
		return true
	}
	return false
}

// unitActive tells whether systemd runs utdsd, or is about to start it again.
func (s *Service) unitActive() bool {
	if !s.booted() {
		return false
	}
	switch ask("is-active") {
	case "active", "reloading", "activating", "deactivating":
		return true
	}
	return false
}

// booted tells whether there may be a unit: it is for the real root alone.
func (s *Service) booted() bool {
	if s.Paths.Root != "/" {
		return false
	}
	info, err := os.Stat(bootedFolder)
	return err == nil && info.IsDir()
}

// startUnit has systemd start utdsd and looks whether it answers: systemd calls
// it a success when a condition kept the unit from being started.
func (s *Service) startUnit() (int, error) {
	if err := systemctl("start"); err != nil {
		return 0, err
	}
	p, err := s.find()
	switch {
	case err != nil:
		return 0, err
	case p == nil:
		return 0, fmt.Errorf("systemd did not start utdsd; systemctl status %s tells why", unit)
	}
	return p.pid, s.awaitAnswer(p, answering(), nil)
}

// ask gives the word that systemctl answers; its exit status says no more.
func ask(question string) string {
	out, _ := exec.Command("systemctl", question, unit).Output()
	return strings.TrimSpace(string(out))
}

// systemctl has systemd do something and waits for it.
func systemctl(verb string) error {
	out, err := exec.Command("systemctl", verb, unit).CombinedOutput()
	if err != nil {
		text := strings.Join(strings.Fields(string(out)), " ")
		return fmt.Errorf("systemctl %s %s: %w: %s", verb, unit, err, text)
	}
	return nil
}
