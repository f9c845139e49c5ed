package stream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// authority signs certificates into PEM files.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name+".pem") }

// sign makes name.pem and name-key.pem.
func (a *authority) sign(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name: {Type: "CERTIFICATE", Bytes: der}, name + "-key": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed, key
}

// A broker that demands TLS, a certificate and a login lets those in who have them, and says at once why it does not.
func TestSecurity(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.sign("broker", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(a.file("broker"), a.file("broker-key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}),
		kfake.Superuser("PLAIN", "orrery", "plain pass"), kfake.Superuser("SCRAM-SHA-256", "orrery", "pass 256"), kfake.Superuser("SCRAM-SHA-512", "orrery", "pass 512"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("pass 512\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := Security{CA: a.file("ca"), Cert: a.file("client"), Key: a.file("client-key"), User: "orrery"}
	with := func(mechanism, password, file string) Security {
		s := good
		s.Mechanism, s.Password, s.PasswordFile = mechanism, password, file
		return s
	}
	whole := with("scram-sha-512", "", file)
	f := func(what string, s Security, want string) {
		t.Helper()
		opts, err := s.Options()
		if err == nil {
			ctx, cancel := context.WithTimeout(testContext(t), 20*time.Second)
			defer cancel()
			began := time.Now()
			_, err = EnsureTopics(ctx, Cluster{Brokers: b.ListenAddrs(), Options: opts}, Topics{Partitions: 1})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s: took %v", what, took)
			}
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	f("plain", with("PLAIN", "plain pass", ""), "")
	f("scram 256", with("SCRAM-SHA-256", "pass 256", ""), "")
	f("scram 512, file", whole, "")
	f("wrong password", with("SCRAM-SHA-256", "pass 512", ""), "cannot list the topics") // Kafka itself says why
	f("wrong plain password", with("PLAIN", "x", ""), "cannot list the topics")
	s := whole
	s.CA = ""
	f("unknown authority", s, "unknown authority")
	s = whole
	s.Cert, s.Key = "", ""
	f("no certificate", s, "certificate required")

	f("key alone", Security{Key: a.file("client-key")}, "together")
	f("no file", Security{CA: "/none"}, "no such file")
	f("no PEM", Security{CA: file}, "no certificate in PEM")
	f("no mechanism", Security{User: "u"}, "no mechanism")
	f("other mechanism", Security{Mechanism: "GSSAPI", User: "u", Password: "p"}, "SCRAM-SHA-512")
	f("two passwords", Security{Mechanism: "PLAIN", User: "u", Password: "p", PasswordFile: file}, "not both")
	if !(&Security{Mechanism: "plain"}).Bare() || (&Security{Mechanism: "plain", TLS: true}).Bare() || (&Security{Mechanism: "SCRAM-SHA-256"}).Bare() {
		t.Error("Bare is PLAIN without TLS")
	}

	// And the stream runs over it.
	opts, err := whole.Options()
	if err != nil {
		t.Fatal(err)
	}
	c := Cluster{Brokers: b.ListenAddrs(), Options: opts, Rack: "a"}
	records := events(60, 200)
	produce(t, c, records)
	m := newLedger()
	if got, want := settle(t, run(t, Config{Cluster: c, Machine: m}), m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
