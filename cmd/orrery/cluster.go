package main

import (
	"fmt"

	"orrery/stream"
)

// clusterFlags say where Kafka is, and what it demands of its clients.
type clusterFlags struct {
	Brokers []string `name:"kafka.brokers" placeholder:"HOST:PORT" help:"Kafka brokers. serve and demo start an embedded broker where none is given; other commands look for one on 127.0.0.1:9092."`
	Prefix  string   `name:"kafka.prefix" default:"orrery." help:"What the names of all topics begin with."`
	Rack    string   `name:"kafka.rack" placeholder:"NAME" help:"Where this process runs, in the words of the brokers' broker.rack: it reads from copies there, as far as the brokers let it."`

	TLS  bool   `name:"kafka.tls" help:"Speak TLS with the brokers. Their certificates are always checked."`
	CA   string `name:"kafka.tls-ca-file" placeholder:"FILE" help:"Certificates (PEM) of the authorities that the brokers' are signed by; default the system's."`
	Cert string `name:"kafka.tls-cert-file" placeholder:"FILE" help:"Certificate (PEM) by which this client shows who it is; read anew with each connection."`
	Key  string `name:"kafka.tls-key-file" placeholder:"FILE" help:"Its private key (PEM)."`

	SASL         string `name:"kafka.sasl" placeholder:"MECHANISM" help:"Log in with the brokers: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."`
	User         string `name:"kafka.user" help:"User of that login."`
	Password     string `name:"kafka.password" help:"Its password. Better set by ORRERY_KAFKA_PASSWORD, or in a file, than here, where every process can read it."`
	PasswordFile string `name:"kafka.password-file" placeholder:"FILE" help:"File that holds the password; read anew with each connection."`
}

func (f *clusterFlags) security() *stream.Security {
	return &stream.Security{
		TLS: f.TLS, CA: f.CA, Cert: f.Cert, Key: f.Key,
		Mechanism: f.SASL, User: f.User, Password: f.Password, PasswordFile: f.PasswordFile,
	}
}

// cluster returns where Kafka is.
func (f *clusterFlags) cluster() (stream.Cluster, error) {
	opts, err := f.security().Options()
	if err != nil {
		return stream.Cluster{}, fmt.Errorf("kafka.tls, kafka.sasl: %w", err)
	}
	return stream.Cluster{Brokers: f.Brokers, Prefix: f.Prefix, Rack: f.Rack, Options: opts}, nil
}
