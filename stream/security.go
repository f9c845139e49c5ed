package stream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Security is what a cluster demands of its clients. The zero value is a cluster that demands nothing. That the brokers'
// certificates are not checked is not offered: whoever can answer for a broker would get the password and all events.
type Security struct {
	TLS  bool   // speak TLS; files of TLS below imply it
	CA   string // PEM file of the authorities that brokers are signed by; default the system's
	Cert string // PEM files of the certificate and the key by which the client shows who it is
	Key  string

	Mechanism    string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, in any case; none: no SASL
	User         string
	Password     string
	PasswordFile string // read with each connection, so that it can be changed
}

// Mechanisms are the ways to log in that Security knows.
var Mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

func (s *Security) tls() bool { return s.TLS || s.CA != "" || s.Cert != "" || s.Key != "" }

// Options returns what Cluster.Options needs for it. Files that cannot be read are errors here already.
func (s *Security) Options() (opts []kgo.Opt, err error) {
	if s.tls() {
		config, err := s.config()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	login, err := s.login()
	if login != nil {
		opts = append(opts, kgo.SASL(login))
	}
	return opts, err
}

// Bare tells whether a password would cross the network for all to read.
func (s *Security) Bare() bool { return strings.EqualFold(s.Mechanism, "PLAIN") && !s.tls() }

func (s *Security) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("cannot read the authorities of the brokers: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cannot read the authorities of the brokers: %q holds no certificate in PEM", s.CA)
		}
	}
	if (s.Cert == "") != (s.Key == "") {
		return nil, errors.New("a client's certificate and its key are given together or not at all")
	}
	if s.Cert == "" {
		return config, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fmt.Errorf("cannot read the client's certificate: %w", err)
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	// With each connection, so that a certificate can be renewed under a running process.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return config, nil
}

func (s *Security) login() (sasl.Mechanism, error) {
	if s.Mechanism == "" {
		if s.User != "" || s.Password != "" || s.PasswordFile != "" {
			return nil, fmt.Errorf("a user or a password is given, and no mechanism: one of %s", strings.Join(Mechanisms, ", "))
		}
		return nil, nil
	}
	if s.User == "" || (s.Password == "") == (s.PasswordFile == "") {
		return nil, errors.New("a login needs a user and a password, or the file of one, not both")
	}
	if _, err := s.password(); err != nil {
		return nil, err
	}
	byScram := func(context.Context) (scram.Auth, error) {
		password, err := s.password()
		return scram.Auth{User: s.User, Pass: password}, err
	}
	switch strings.ToUpper(s.Mechanism) {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := s.password()
			return plain.Auth{User: s.User, Pass: password}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(byScram), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(byScram), nil
	}
	return nil, fmt.Errorf("cannot log in by %q: it is one of %s", s.Mechanism, strings.Join(Mechanisms, ", "))
}

func (s *Security) password() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	text, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("cannot read the password: %q is empty", s.PasswordFile)
	}
	return password, nil
}
