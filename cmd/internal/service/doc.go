// Package service starts and stops the utdsd of an installation, through
// systemd where that runs it, else by itself with the file that holds the
// process id, and waits until the data store answers or is gone.
//
// It is not for what utdsd does, keeps no process alive and changes no data.
package service
