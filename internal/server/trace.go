package server

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Attributes of spans hold what labels of metrics hold, and the request's id:
// words of the program, nothing about a person and nothing that a client sent.
// Headers that would continue somebody else's trace are not read, as no header
// is that is not needed: see decision 24.
const (
	attributeRequestID = attribute.Key("hither.request_id")
	attributeKind      = attribute.Key("hither.ceremony.kind")
	attributeOutcome   = attribute.Key("hither.ceremony.outcome")
	attributeCheck     = attribute.Key("hither.check")
)

// startSpan begins the span of a request. Without a tracer there is none.
func (s *Server) startSpan(ctx context.Context) (context.Context, trace.Span) {
	if s.tracer == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	return s.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
}

// endSpan ends it, now that the route is known.
func endSpan(span trace.Span, r *http.Request, status int, id string) {
	if !span.IsRecording() {
		return
	}
	method, route := methodLabel(r, status), routeLabel(r)
	span.SetName(method + " " + route)
	span.SetAttributes(attributeRequestID.String(id), attribute.String("http.request.method", method),
		attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	if status == 0 || status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// judging begins the span of a judgement, whose end takes what it came to.
func (c *call) judging() (end func(error)) {
	parent := trace.SpanFromContext(c.r.Context())
	if !parent.IsRecording() {
		return func(error) {}
	}
	_, span := parent.TracerProvider().Tracer(scope).Start(c.r.Context(), "judge")
	return func(err error) {
		if err != nil {
			span.SetAttributes(attributeCheck.String(checkOf(err)))
		}
		span.End()
	}
}

// scope names the spans of this package.
const scope = "github.com/hitherauth/hither/internal/server"

// finishedSpan adds what became of a ceremony to the request's span.
func (c *call) finishedSpan(kind, outcome, check string) {
	span := trace.SpanFromContext(c.r.Context())
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attributeKind.String(kind), attributeOutcome.String(outcome))
	if check != "" {
		span.SetAttributes(attributeCheck.String(check))
	}
}
