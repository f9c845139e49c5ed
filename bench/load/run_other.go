//go:build !linux

package load

import "context"

// Run fails: see ErrPlatform.
func Run(context.Context, Config) (Result, error) { return Result{}, ErrPlatform }
