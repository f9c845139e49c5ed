package files

import "orrery/stream"

var _ Sink = (*stream.Bulk)(nil)
