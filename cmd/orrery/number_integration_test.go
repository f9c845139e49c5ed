//go:build integration

package main

import (
	"math/big"
	"os"
	"strconv"
	"testing"
	"time"
)

func number(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// exactly reads a decimal without rounding it.
func exactly(t *testing.T, text string) *big.Rat {
	t.Helper()
	x, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is not a number", text)
	}
	return x
}

// killSeed returns ORRERY_SEED, or a new seed where it is not set.
func killSeed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("ORRERY_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("ORRERY_SEED: %v", err)
	}
	return seed
}
