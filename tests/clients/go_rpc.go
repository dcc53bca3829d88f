// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

// A client in Go alone, without a library of libvirt's: "go_rpc COMMAND..." talks to COMMAND by a socket, makes the calls that
// terraform's provider makes for its node devices and host, listens, and prints what it sees as JSON.
package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"syscall"

	libvirt "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

func check(err error) {
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
}

// The other end is the standard input and output of a program.
func served(arguments []string) net.Conn {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	check(err)
	far := os.NewFile(uintptr(pair[1]), "far")
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = far, far, os.Stderr
	check(command.Start())
	far.Close()
	near := os.NewFile(uintptr(pair[0]), "near")
	conn, err := net.FileConn(near)
	check(err)
	near.Close()
	return conn
}

func mistake(err error) []interface{} {
	answer, ok := err.(libvirt.Error)
	if !ok {
		check(err)
	}
	return []interface{}{answer.Code, answer.Message}
}

func main() {
	virt := libvirt.NewWithDialer(dialers.NewAlreadyConnected(served(os.Args[1:])))
	check(virt.ConnectToURI("nodedev:///system"))
	found := map[string]interface{}{}
	version, err := virt.ConnectGetLibVersion()
	check(err)
	found["version"] = version
	_, memory, _, _, _, _, _, _, err := virt.NodeGetInfo()
	check(err)
	found["memory"] = memory > 0
	_, err = virt.ConnectGetCapabilities()
	check(err)
	domains, _, err := virt.ConnectListAllDomains(1, 0)
	check(err)
	found["domains"] = len(domains)
	for _, cap := range []string{"pci", "net"} {
		count, err := virt.NodeNumOfDevices(libvirt.OptString{cap}, 0)
		check(err)
		names, err := virt.NodeListDevices(libvirt.OptString{cap}, count, 0)
		check(err)
		found[cap] = names
	}
	devices, _, err := virt.ConnectListAllNodeDevices(1, 0)
	check(err)
	documents, parents := map[string]string{}, map[string][]string{}
	for _, device := range devices {
		documents[device.Name], err = virt.NodeDeviceGetXMLDesc(device.Name, 0)
		check(err)
		parent, err := virt.NodeDeviceGetParent(device.Name)
		check(err)
		parents[device.Name] = parent
	}
	found["xml"], found["parents"] = documents, parents
	callback, err := virt.ConnectNodeDeviceEventRegisterAny(0, nil)
	check(err)
	check(virt.ConnectNodeDeviceEventDeregisterAny(callback))
	_, err = virt.NodeDeviceLookupByName("nosuch")
	found["lookup"] = mistake(err)
	_, err = virt.DomainLookupByName("guest")
	found["domain"] = mistake(err)
	_, err = virt.NodeDeviceCreateXML("<device/>", 0)
	found["create"] = mistake(err)
	check(virt.Disconnect())
	check(json.NewEncoder(os.Stdout).Encode(found))
}
