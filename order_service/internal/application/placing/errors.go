package placing

import "errors"

// What Place may answer beside ErrUnavailable. All but ErrMayExist mean that the order is certainly not stored.
var (
	// ErrBusy says that too many orders wait already.
	ErrBusy = errors.New("too many orders are waiting")
	// ErrStopping says that the service is about to end.
	ErrStopping = errors.New("the service is stopping")
	// ErrAbandoned says that the caller's context ended before the order's turn came; it wraps the context's cause.
	ErrAbandoned = errors.New("given up before its turn")
	// ErrMayExist says that it could not be found out in time whether the order is stored.
	ErrMayExist = errors.New("the order may exist")
)
