package server

import "time"

// started is some moment; see now.
var started = time.Now()

// now is time.Now for what is measured and waited for. It asks for one of the
// system's clocks and not for two, which takes 43 ns instead of 70, two or three
// times for each operation, and it goes on evenly when somebody sets the other one.
func now() time.Time { return started.Add(time.Since(started)) }
