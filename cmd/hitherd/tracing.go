package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/hitherauth/hither/internal/cli"
)

// flushTimeout is how long the last spans may take to be sent at the end. It
// comes after grace and the closing of the database; all of it fits into 10 s.
const flushTimeout = time.Second

// tracing says what OpenTelemetry's own variables ask for. They are named as
// everywhere, so they are no keys of our configuration; what is not read here
// the library reads itself.
type tracing struct {
	on       bool
	endpoint string // for people: scheme, host and port
	warning  string // "": nothing to say
}

// warnings are what an operator should know of it.
func (t tracing) warnings() []string {
	if t.warning == "" {
		return nil
	}
	return []string{t.warning}
}

// judgeTracing reads the variables that decide whether there are traces.
func (p program) judgeTracing() (tracing, error) {
	name, endpoint := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", p.getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" {
		name, endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", p.getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	if endpoint == "" || strings.EqualFold(p.getenv("OTEL_SDK_DISABLED"), "true") {
		return tracing{}, nil
	}
	switch exporter := p.getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "", "otlp":
	case "none":
		return tracing{}, nil
	default:
		return tracing{warning: fmt.Sprintf("OTEL_TRACES_EXPORTER %q is not known here: there will be no traces; otlp is known", exporter)}, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		// Not repeated: it may hold a password.
		return tracing{}, refused("%s is no http or https address: write it like http://127.0.0.1:4318", name)
	}
	t := tracing{on: true, endpoint: u.Scheme + "://" + u.Host}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if p.getenv(name) == "grpc" {
			t.warning = name + " grpc is not spoken here: traces go over HTTP, whose port is 4318 as a rule"
		}
	}
	return t, nil
}

// tracer sends spans to the collector from the background: one that is down or
// slow costs a request nothing, and spans that find no place are dropped. close
// sends the last ones. Without tracing, it is nil and close does nothing.
func (t tracing) tracer(ctx context.Context, logger *slog.Logger) (tracer trace.Tracer, closeTracer func(), err error) {
	if !t.on {
		return nil, func() {}, nil
	}
	// The library has one logger and one handler of errors in a process. Its
	// own write to standard error in a form that is not ours, with values of
	// variables that may be secret: what it cannot read, it leaves out.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Debug("tracing failed", "err", t.short(err)) }))
	described, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "hitherd"), attribute.String("service.version", cli.Version())),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		// Not repeated, as above.
		return nil, nil, refused("OTEL_RESOURCE_ATTRIBUTES is not written like key=value,key=value, with %%2C for a comma")
	}
	client, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, refused("preparing traces: %s", t.short(err))
	}
	// A panic is logged by the server; what it says may be anything.
	provider := sdk.NewTracerProvider(sdk.WithResource(described), sdk.WithBatcher(&exporter{SpanExporter: client, tracing: t, logger: logger}), sdk.WithoutPanicRecording())
	logger.Info("tracing", "url", t.endpoint)
	return provider.Tracer("github.com/hitherauth/hither/cmd/hitherd"), func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(limit); err != nil {
			logger.Warn("traces cut off", "err", t.short(err))
		}
	}, nil
}

// exporter says when traces stop being sent, and when they are sent again.
type exporter struct {
	sdk.SpanExporter
	tracing tracing
	logger  *slog.Logger
	failing atomic.Bool
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.failing.Swap(true):
		e.logger.WarnContext(ctx, "traces not sent", "err", e.tracing.short(err))
	case err == nil && e.failing.Swap(false):
		e.logger.InfoContext(ctx, "traces sent again")
	}
	return nil // it was told above; the library would say it for each batch
}

// short is the beginning of an error without what may be secret: the path that
// spans are sent to, and the collector's answer, which may repeat a header.
func (t tracing) short(err error) string {
	text, _, _ := strings.Cut(err.Error(), "body: ")
	if before, after, found := strings.Cut(text, t.endpoint); found {
		if end := strings.IndexAny(after, "\" "); end >= 0 {
			text = before + t.endpoint + after[end:]
		}
	}
	return fmt.Sprintf("%.300s", strings.TrimRight(text, " (:"))
}
