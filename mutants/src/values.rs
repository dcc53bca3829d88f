// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a function can return in place of its result.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The types in angle brackets.
fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    });
    types.collect()
}

/// Values of a type; none for one of which nothing is known. Not all compile.
pub fn values(of: &Type) -> Vec<TokenStream> {
    match of {
        Type::Tuple(tuple) => {
            let first = |part| values(part).into_iter().next();
            let parts: Option<Vec<_>> = tuple.elems.iter().map(first).collect();
            parts
                .map(|parts| quote!((#(#parts),*)))
                .into_iter()
                .collect()
        }
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => vec![quote!(""), quote!("xyzzy")],
            Type::Slice(_) if reference.mutability.is_none() => vec![quote!(&[])],
            _ => Vec::new(),
        },
        Type::Path(path) => path.path.segments.last().map_or(Vec::new(), of_name),
        _ => Vec::new(),
    }
}

fn of_name(segment: &PathSegment) -> Vec<TokenStream> {
    let inner = arguments(segment)
        .first()
        .map_or(Vec::new(), |inner| values(inner));
    let wrapped = |wrap: fn(&TokenStream) -> TokenStream| inner.iter().map(wrap).collect();
    let nothing_or = |nothing: TokenStream, some: Vec<TokenStream>| [vec![nothing], some].concat();
    match segment.ident.to_string().as_str() {
        "bool" => vec![quote!(true), quote!(false)],
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "c_int" | "c_uint" => {
            vec![quote!(0), quote!(1)]
        }
        "String" => vec![quote!(String::new()), quote!("xyzzy".into())],
        "Option" => nothing_or(quote!(None), wrapped(|value| quote!(Some(#value)))),
        "Found" => nothing_or(quote!(Ok(None)), wrapped(|value| quote!(Ok(Some(#value))))),
        "Vec" => nothing_or(quote!(Vec::new()), wrapped(|value| quote!(vec![#value]))),
        "Result" if inner.is_empty() => vec![quote!(Ok(Default::default()))],
        "Result" => wrapped(|value| quote!(Ok(#value))),
        "Box" => wrapped(|value| quote!(Box::new(#value))),
        _ => vec![quote!(Default::default())],
    }
}
