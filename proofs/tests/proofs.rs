// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Runs the proofs; docs/proofs.md says what each proves, and how far. The counts are printed with `--nocapture`.

use virnodedev_proofs::{forks, handles, listeners, readers, table};

mod threads {
    use super::*;

    macro_rules! models {
        ($($module:ident::$name:ident),* $(,)?) => { $(
            #[test]
            fn $name() {
                $module::$name();
            }
        )* };
    }

    models! {
        forks::a_fork_finds_no_lock_held,
        forks::a_lock_becomes_known_once,
        handles::a_handle_is_freed_once,
        handles::a_closing_connection_gets_no_device,
        handles::the_last_one_closes,
        listeners::with_one_dispatcher,
        listeners::with_two_dispatchers,
        listeners::with_two_who_deregister,
        listeners::a_function_is_registered_once,
    }
}

mod every_input {
    use super::*;

    /// That they are linked is the proof.
    #[test]
    fn of_any_length_is_read_without_a_panic() {
        assert_eq!(readers::read_config_space(&[], 0x10), None);
        assert_eq!(readers::walk_attributes(&[]), (0, 0));
        assert_eq!(readers::walk_messages(&[]), (0, 0));
    }

    #[test]
    fn capabilities() {
        println!(
            "lists of capabilities: {}",
            readers::every_list_of_capabilities()
        );
        readers::every_cut_of_a_long_list();
    }

    #[test]
    fn netlink() {
        println!(
            "steps over netlink: {}",
            readers::every_step_of_netlink(256)
        );
    }

    #[test]
    fn vital_product_data() {
        println!("short images: {}", readers::every_short_image(6));
        println!("small sections: {}", readers::every_small_section());
    }

    #[test]
    fn handles() {
        println!("sequences of calls: {}", table::every_sequence(5, 3));
        println!(
            "sequences with reuse: {}",
            table::no_address_comes_back_early(4)
        );
    }
}
