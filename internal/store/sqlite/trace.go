package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/hitherauth/hither/internal/account"
)

// scope names the spans of this package.
const scope = "github.com/hitherauth/hither/internal/store/sqlite"

// doTraced is writer.do with a span below that of the caller, and two below it:
// the wait for the group and the commit. The tracer is the caller's: who is not
// traced pays for a look at the context alone.
func (w *writer) doTraced(ctx context.Context, caller trace.Span, ch account.Change, r *request) error {
	tracer := caller.TracerProvider().Tracer(scope)
	ctx, span := tracer.Start(ctx, "store.apply")
	// The list of changes is closed, so their names are words of the program.
	span.SetAttributes(attribute.String("hither.change", strings.TrimPrefix(fmt.Sprintf("%T", ch), "account.")))
	err := w.do(ctx, r)
	now := time.Now()
	// Only what was answered is ours to read again.
	if r.answered && !r.began.IsZero() {
		_, wait := tracer.Start(ctx, "store.wait", trace.WithTimestamp(r.came))
		wait.End(trace.WithTimestamp(r.began))
		_, commit := tracer.Start(ctx, "store.commit", trace.WithTimestamp(r.began), trace.WithAttributes(attribute.Int("hither.group_size", r.group)))
		commit.End(trace.WithTimestamp(now))
	}
	if errors.Is(err, account.ErrUnavailable) {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(now))
	return err
}
