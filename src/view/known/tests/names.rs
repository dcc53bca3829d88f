// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Devices that share a name, that get another name, and for which several messages come together.

use super::*;

#[test]
fn of_two_devices_with_one_name_the_other_comes_back() {
    const NAME: &str = "net_v_5_02_00_00_00_00_05";
    let mut scene = Scene::new();
    let (first, last) = (format!("{NET}/v.5"), format!("{NET}/v_5"));
    let (created, deleted) = (format!("Created {NAME}"), format!("Deleted {NAME}"));
    let shown = |scene: &Scene| {
        let name = CString::new(NAME).unwrap();
        let device = scene.known.registry.by_name(&name).unwrap();
        String::from_utf8(device.key().to_vec()).unwrap()
    };
    for (one, other) in [("v.5", "v_5"), ("v_5", "v.5")] {
        // Whichever comes first, the one is shown that a scan shows.
        scene.put_net(one, "02:00:00:00:00:05");
        let path = format!("{NET}/{one}");
        assert_eq!(scene.told(Action::Added, &path), [created.as_str()]);
        scene.put_net(other, "02:00:00:00:00:05");
        let path = format!("{NET}/{other}");
        let told = scene.told(Action::Added, &path);
        let updated = [format!("Updated {NAME}")];
        assert_eq!(told, updated[..usize::from(other == "v_5")]);
        assert_eq!(shown(&scene), last);
        // The hidden one changes without an event.
        assert_eq!(scene.told(Action::Changed, &first), [""; 0]);
        assert_eq!(scene.told(Action::Changed, &last), updated);
        scene.remove(&last);
        let back = [deleted.as_str(), &created];
        assert_eq!(scene.told(Action::Removed, &last), back);
        assert_eq!(shown(&scene), first);
        scene.remove(&first);
        assert_eq!(scene.told(Action::Removed, &first), [deleted.as_str()]);
    }
    // The hidden one is removed, and added with an address of its own.
    scene.put_net("v.5", "02:00:00:00:00:05");
    scene.put_net("v_5", "02:00:00:00:00:05");
    scene.told_of(Action::Added, &last);
    assert_eq!(scene.told(Action::Added, &first), [""; 0]);
    let other = "Created net_v_5_02_00_00_00_00_06";
    scene.put(&format!("{first}/address"), "02:00:00:00:00:06\n");
    assert_eq!(scene.told(Action::Changed, &first), [other]);
    // The one that is shown gets an address of its own.
    scene.put(&format!("{first}/address"), "02:00:00:00:00:05\n");
    scene.told(Action::Changed, &first);
    scene.put(&format!("{last}/address"), "02:00:00:00:00:06\n");
    assert_eq!(
        scene.told(Action::Changed, &last),
        [deleted.as_str(), &created, other]
    );
}

#[test]
fn a_device_that_is_not_shown_moves_with_its_parent() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    scene.put_net_at(&format!("{MTTY}/eth_2"), "eth_2", "02:00:00:00:00:02");
    scene.told(Action::Added, &format!("{MTTY}/eth_2"));
    let shown = format!("{NET}/eth.2");
    scene.put_net("eth.2", "02:00:00:00:00:02");
    let name = "net_eth_2_02_00_00_00_00_02";
    assert_eq!(
        scene.told(Action::Added, &shown),
        [format!("Updated {name}")]
    );
    let moved = "/sys/devices/virtual/mtty/other";
    scene.move_mtty(MTTY, moved, "eth_2");
    assert_eq!(
        scene.told_of_move(Action::Moved, Some(MTTY), moved),
        ["Deleted mtty_mtty", "Created mtty_other"]
    );
    scene.remove(&shown);
    assert_eq!(
        scene.told(Action::Removed, &shown),
        [format!("Deleted {name}"), format!("Created {name}")]
    );
    let device = scene
        .known
        .registry
        .by_key(format!("{moved}/eth_2").as_bytes());
    assert_eq!(device.unwrap().name_text(), name);
}

#[test]
fn a_device_is_read_once_for_messages_that_came_together() {
    let mut scene = Scene::new();
    let path = format!("{MTTY}/eth2");
    let name = "net_eth2_02_00_00_00_00_02";
    scene.put_net_at(&path, "eth2", "02:00:00:00:00:02");
    let mut reads = Reads::default();
    let mut apply = |scene: &mut Scene, action, path: &str| {
        let event = Uevent {
            action,
            path: path.into(),
            old_path: None,
            number: 0,
        };
        scene.known.apply(&scene.host, &event, &mut reads).unwrap();
        scene.events()
    };
    let created = [format!("Created {name}")];
    assert_eq!(apply(&mut scene, Action::Added, &path), created);
    // Later changes of the device are for later messages; but its parent is the known one.
    scene.put(&format!("{path}/address"), "02:00:00:00:00:03\n");
    scene.put_mtty();
    apply(&mut scene, Action::Added, MTTY);
    let updated = [format!("Updated {name}")];
    assert_eq!(apply(&mut scene, Action::Changed, &path), updated);
    let device = scene.known.registry.by_key(path.as_bytes()).unwrap();
    assert_eq!(device.parent.as_deref(), Some(c"mtty_mtty"));
    // A scan after the messages came has read everything.
    let scanned = scene.known.scan(&scene.host).unwrap();
    scene.remove(&path);
    let event = Uevent {
        action: Action::Changed,
        path: path.clone().into(),
        old_path: None,
        number: 0,
    };
    let mut reads = Reads::scanned(&scanned);
    scene.known.apply(&scene.host, &event, &mut reads).unwrap();
    assert_eq!(
        scene.events(),
        [
            format!("Deleted {name}"),
            "Created net_eth2_02_00_00_00_00_03".into()
        ]
    );
}

#[test]
fn an_interface_with_another_address_is_another_device() {
    let mut scene = Scene::new();
    scene.put_net("v_0", "02:00:00:00:00:00");
    scene.told(Action::Added, &format!("{NET}/v_0"));
    let mut told = |interface: &str, address: &str, now: &str| {
        let path = format!("{NET}/{interface}/address");
        if scene.place(&path).exists() {
            scene.put(&path, &format!("{now}\n"));
        }
        let link = Link {
            interface: interface.into(),
            address: address.into(),
        };
        scene.known.follow_link(&scene.host, &link).unwrap();
        scene.take()
    };
    let renamed = [
        format!("Deleted {ETH0}"),
        "Created net_eth0_02_00_00_00_00_09".into(),
    ];
    let (before, now) = ("02:00:00:00:00:00", "02:00:00:00:00:09");
    assert_eq!(told("eth0", before, before), [""; 0]);
    assert_eq!(told("eth0", now, now), renamed);
    assert_eq!(told("eth0", now, now), [""; 0]);
    // The content of the file counts, which may be newer than the message.
    assert_eq!(told("eth0", before, now), [""; 0]);
    // An interface that is not known yet, or never will be.
    assert_eq!(told("eth1", now, now), [""; 0]);
    assert_eq!(told("eth1", "", ""), [""; 0]);
    // One without an address, which stays so.
    scene.put_net("raw", "");
    assert_eq!(
        scene.told(Action::Added, &format!("{NET}/raw")),
        ["Created net_raw"]
    );
    let link = Link {
        interface: "raw".into(),
        address: Vec::new(),
    };
    scene.known.follow_link(&scene.host, &link).unwrap();
    assert_eq!(scene.take(), [""; 0]);
    // An interface may get the name of another one, and then its own again.
    scene.put_net("v.0", "02:00:00:00:00:01");
    scene.told(Action::Added, &format!("{NET}/v.0"));
    let mut told = |address: &str| {
        scene.put(&format!("{NET}/v.0/address"), &format!("{address}\n"));
        let link = Link {
            interface: "v.0".into(),
            address: address.into(),
        };
        scene.known.follow_link(&scene.host, &link).unwrap();
        scene.take()
    };
    let own = "net_v_0_02_00_00_00_00_01";
    assert_eq!(told("02:00:00:00:00:00"), [format!("Deleted {own}")]);
    assert_eq!(told("02:00:00:00:00:01"), [format!("Created {own}")]);
}
