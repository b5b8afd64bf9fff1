package main

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to four times of what is in use before it is
// collected. In use are a few MiB, whatever the size of the store, which is
// mapped and not on the heap; at Go's default of twice a tenth of the time under
// write load went into collecting.
const gcPercent = 300

// memoryLimit makes the collector work harder when the memory in use comes near
// to it, as it does while a secondary receives the whole state: what that needs
// is bounded, and must not be multiplied by gcPercent.
const memoryLimit = 320 << 20

// tune sets what the runtime cannot know. GOGC and GOMEMLIMIT in the environment
// have the last word.
func tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
