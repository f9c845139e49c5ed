package foreign

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// SignedBase64 tells whether a signature is the HMAC-SHA-256 of the raw body under a secret, in base64. How long it takes does not
// depend on how much of it is right.
func SignedBase64(secret []byte, signature string, body []byte) bool {
	given, err := base64.StdEncoding.DecodeString(strings.TrimSpace(signature))
	return err == nil && signed(secret, given, body)
}

// SignedHex is SignedBase64 for hexadecimal digits.
func SignedHex(secret []byte, signature string, body []byte) bool {
	given, err := hex.DecodeString(strings.TrimSpace(signature))
	return err == nil && signed(secret, given, body)
}

func signed(secret, given, body []byte) bool {
	if len(secret) == 0 || len(given) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}

// Known returns a word that is one of a list, and "other" for anything else: what is counted by a word has few of them.
func Known(word string, list ...string) string {
	if slices.Contains(list, word) {
		return word
	}
	return "other"
}

// Same tells whether a word is the secret. How long it takes does not depend on how much of it is right.
func Same(secret []byte, word string) bool {
	return len(secret) > 0 && subtle.ConstantTimeCompare(secret, []byte(word)) == 1
}
