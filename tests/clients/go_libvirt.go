// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

// A client of Go's module: prints the documents of all devices and what it says of mistakes, or three events.
package main

import (
	"fmt"
	"os"

	libvirt "github.com/libvirt/libvirt-go"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func devices(conn *libvirt.Connect) {
	all, err := conn.ListAllNodeDevices(0)
	check(err)
	for _, device := range all {
		xml, err := device.GetXMLDesc(0)
		check(err)
		fmt.Print(xml)
		check(device.Free())
	}
	_, err = conn.LookupDeviceByName("nosuch")
	fmt.Println(err.(libvirt.Error).Message)
	_, err = conn.LookupDomainByName("guest")
	fmt.Println(err.(libvirt.Error).Message)
	domains, err := conn.ListAllDomains(0)
	check(err)
	fmt.Printf("domains: %d\n", len(domains))
}

func events(conn *libvirt.Connect) {
	var told []string
	lifecycle := func(_ *libvirt.Connect, device *libvirt.NodeDevice, event *libvirt.NodeDeviceEventLifecycle) {
		name, err := device.GetName()
		check(err)
		kinds := []string{"CREATED", "DELETED", "DEFINED", "UNDEFINED"}
		told = append(told, fmt.Sprintf("lifecycle %s %s", name, kinds[event.Event]))
	}
	update := func(_ *libvirt.Connect, device *libvirt.NodeDevice) {
		name, err := device.GetName()
		check(err)
		told = append(told, "update "+name)
	}
	first, err := conn.NodeDeviceEventLifecycleRegister(nil, lifecycle)
	check(err)
	second, err := conn.NodeDeviceEventUpdateRegister(nil, update)
	check(err)
	fmt.Println("ready")
	for len(told) < 3 {
		check(libvirt.EventRunDefaultImpl())
	}
	for _, line := range told {
		fmt.Println(line)
	}
	check(conn.NodeDeviceEventDeregister(first))
	check(conn.NodeDeviceEventDeregister(second))
}

func main() {
	check(libvirt.EventRegisterDefaultImpl())
	conn, err := libvirt.NewConnect(os.Args[2])
	check(err)
	if os.Args[1] == "events" {
		events(conn)
	} else {
		devices(conn)
	}
	// 0: nothing keeps the connection any more.
	if left, err := conn.Close(); err != nil || left != 0 {
		os.Exit(1)
	}
}
