package backend_test

func runAsCrashingServer() {}
