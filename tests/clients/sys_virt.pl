# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# A client of Debian's libsys-virt-perl: prints the documents of all devices, then what it says of mistakes.
use strict;
use warnings;

use Sys::Virt;

my $conn = Sys::Virt->new(uri => $ARGV[0]);
my @devices = map { $_->get_name() } $conn->list_node_devices(undef);
my %known = map { $_ => 1 } @devices;
my @handles = $conn->list_all_node_devices();

die "two lists, two lengths" unless @devices == @handles && @devices == $conn->num_of_node_devices(undef);
for my $device (@handles) {
    die "not in the other list" unless $known{$device->get_name()};
    # "computer" has none.
    my $parent = $device->get_parent();
    die "parent is in no list" unless defined $parent ? $known{$parent} : $device->get_name() eq "computer";
    print $device->get_xml_description();
}
for my $wrong (sub { $conn->get_node_device_by_name("nosuch") }, sub { $conn->get_domain_by_name("guest") }) {
    eval { $wrong->() };
    printf "%d %s\n", $@->code, $@->message;
}
my @objects = ($conn->list_all_domains(), $conn->list_all_networks());
printf "domains and networks: %d\n", scalar(@objects);
open my $maps, "<", "/proc/self/maps" or die;
my %libraries = map { (split)[-1] => 1 } grep { /libvir/ } <$maps>;
print "$_\n" for sort keys %libraries;
