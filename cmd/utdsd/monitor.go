// monitor.go: metrics, health and readiness over HTTP, on a listener of its
// own so that it answers when the directory is busy.

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
)

// Bounds of an HTTP exchange.
const (
	monitorRead  = 10 * time.Second
	monitorWrite = 2 * time.Minute // a CPU profile takes its time
)

// newRegistry has what is known of the process itself.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "utds_build_info",
		Help: "Version of the running program; the value is always 1.",
	}, []string{"version", "goversion"})
	build.WithLabelValues(command.Version(), runtime.Version()).Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// monitor is the HTTP server; a nil one is turned off.
type monitor struct {
	address string
	ready   atomic.Bool
	http    *http.Server
	done    chan struct{} // closed when the server has ended
}

// startMonitor listens on the configured address, if there is one.
func (d *daemon) startMonitor(registry *prometheus.Registry, log *slog.Logger) (*monitor, error) {
	if d.conf.Metrics == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", d.conf.Metrics)
	if err != nil {
		return nil, refused("http://"+d.conf.Metrics+" (metrics)", "-metrics or the key metrics of the configuration", err)
	}
	m := &monitor{address: l.Addr().String(), done: make(chan struct{})}
	m.http = &http.Server{
		Handler: m.routes(registry), ReadTimeout: monitorRead, WriteTimeout: monitorWrite, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		defer close(m.done)
		if err := m.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	}()
	return m, nil
}

func (m *monitor) routes(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !m.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ready\n"))
	})
	// A profile tells names and costs time: for those on the machine only.
	if loopback(m.address) {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	}
	return mux
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && net.ParseIP(host).IsLoopback()
}

// setReady is the answer of /readyz.
func (m *monitor) setReady(ready bool) {
	if m != nil {
		m.ready.Store(ready)
	}
}

// stop ends the HTTP server and waits for it.
func (m *monitor) stop() {
	if m == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if m.http.Shutdown(ctx) != nil {
		m.http.Close()
	}
	<-m.done
}
