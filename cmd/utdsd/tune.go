package main

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times of what is in use before it is
// collected. In use are a few MiB, whatever the size of the store, which is
// mapped and not on the heap; at Go's default of twice a tenth of the time under
// write load went into collecting.
const gcPercent = 400

// tune sets what the runtime cannot know. GOGC in the environment has the last
// word.
func tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
