//go:build integration

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// A broker of Apache Kafka that demands TLS and a login on one port, and a client's certificate on another: events come in
// and are applied over each, and whoever has the wrong password is told so.
func TestSecuredBroker(t *testing.T) {
	if os.Getenv("KAFKA_DIR") == "" {
		t.Skip("KAFKA_DIR is not set: there are no jars to start a broker with")
	}
	dir := workDir(t)
	certificates(t, dir)
	base := freePorts(t, 0, 1, 2, 3)
	secured(t, dir, base)
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte("a secret of 512\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := []string{"--kafka.tls-ca-file", filepath.Join(dir, "ca.pem")}
	login := func(mechanism string, more ...string) []string {
		return append(append(append([]string{}, ca...), "--kafka.sasl", mechanism, "--kafka.user", "orrery"), more...)
	}
	for n, way := range []struct {
		port int
		args []string
	}{
		{base + 2, login("PLAIN", "--kafka.password", "a plain secret")},
		{base + 2, login("SCRAM-SHA-256", "--kafka.password", "a secret of 256")},
		{base + 2, login("SCRAM-SHA-512", "--kafka.password-file", file)},
		{base + 3, append(ca[:2:2], "--kafka.tls-cert-file", filepath.Join(dir, "client.pem"), "--kafka.tls-key-file", filepath.Join(dir, "client-key.pem"))},
	} {
		listen, brokers := freePort(t), fmt.Sprintf("127.0.0.1:%d", way.port)
		i := &instance{t: t, dir: workDir(t), http: "http://" + listen, brokers: brokers, prefix: fmt.Sprintf("way-%d.", n)}
		i.args = append([]string{"--http.listen", listen, "--admin.listen", "-", "--kafka.brokers", brokers, "--kafka.prefix", i.prefix}, way.args...)
		i.start()
		if status, body := i.post("/v1/events", []byte(`{"event":"view_item","visitor":"v","items":[{"item_id":"a"}]}`)); status != 202 {
			t.Errorf("%v: status %d: %s", way.args, status, body)
		}
		eventually(t, "the event is applied", func() bool { return i.stats().Total == 1 })
		if code := i.proc.terminate(t); code != 0 {
			t.Errorf("%v: exit code %d", way.args, code)
		}
	}
	refused := func(want string, port int, args ...string) {
		t.Helper()
		began := time.Now()
		p := launch(t, dir, "refused", nil, append([]string{"topics", "ensure", "--kafka.brokers", fmt.Sprintf("127.0.0.1:%d", port)}, args...)...)
		code := p.wait(t)
		log, err := os.ReadFile(p.file("log"))
		if err != nil {
			t.Fatal(err)
		}
		if code == 0 || !strings.Contains(string(log), want) || time.Since(began) > 15*time.Second {
			t.Errorf("%v: exit code %d after %s, said %q, want %q", args, code, time.Since(began), log, want)
		}
	}
	refused("SASL_AUTHENTICATION_FAILED", base+2, login("SCRAM-SHA-512", "--kafka.password", "wrong")...)
	refused("SASL_AUTHENTICATION_FAILED", base+2, login("PLAIN", "--kafka.password", "wrong")...)
	refused("unknown authority", base+2, "--kafka.tls")
	refused("certificate", base+3, ca...)
}

// secured starts a broker: PORT without anything, PORT+2 with TLS and a login, PORT+3 with TLS and a client's certificate.
func secured(t *testing.T, dir string, base int) {
	t.Helper()
	extra := fmt.Sprintf(`
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d,SASL_SSL://127.0.0.1:%[3]d,SSL://127.0.0.1:%[4]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d,SASL_SSL://127.0.0.1:%[3]d,SSL://127.0.0.1:%[4]d
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_orrery="a plain secret";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=%[5]s/broker-store.pem
ssl.truststore.type=PEM
ssl.truststore.location=%[5]s/ca.pem
listener.name.ssl.ssl.client.auth=required
`, base, base+1, base+2, base+3, dir)
	if err := os.WriteFile(filepath.Join(dir, "extra.properties"), []byte(extra), 0o600); err != nil {
		t.Fatal(err)
	}
	script := func(args ...string) {
		cmd := exec.Command(filepath.Join("..", "..", "deploy", "kafka", "broker"), args...)
		cmd.Env = append(os.Environ(), "KAFKA_LIBS="+filepath.Join(os.Getenv("KAFKA_DIR"), "libs"), "KAFKA_DIR="+filepath.Join(dir, "kafka"),
			"KAFKA_EXTRA="+filepath.Join(dir, "extra.properties"), "KAFKA_HEAP=384m")
		out, err := os.Create(filepath.Join(dir, "script.log")) // not a pipe: the broker would hold it open
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			t.Errorf("cannot %s the broker: %v\n%s", args[0], err, tail(out.Name(), 20))
		}
	}
	t.Cleanup(func() { script("down") })
	script("up", strconv.Itoa(base))
	i := &instance{t: t, brokers: fmt.Sprintf("127.0.0.1:%d", base)}
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, user := range []kadm.UpsertSCRAM{ // one request cannot name a user twice
		{User: "orrery", Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "a secret of 256"},
		{User: "orrery", Mechanism: kadm.ScramSha512, Iterations: 4096, Password: "a secret of 512"},
	} {
		made, err := adm.AlterUserSCRAMs(ctx, nil, []kadm.UpsertSCRAM{user})
		if err == nil {
			err = made.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// certificates writes ca.pem, and of a broker and a client the certificate, the key, and both in one file.
func certificates(t *testing.T, dir string) {
	t.Helper()
	var authority *x509.Certificate
	var by *ecdsa.PrivateKey
	for n, name := range []string{"ca", "broker", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(n + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
			IsCA: n == 0, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if n == 0 {
			c.KeyUsage, authority, by = x509.KeyUsageCertSign, c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, authority, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
		for file, text := range map[string][]byte{name: cert, name + "-key": secret, name + "-store": append(secret[:len(secret):len(secret)], cert...)} {
			if err := os.WriteFile(filepath.Join(dir, file+".pem"), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
