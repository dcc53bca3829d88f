// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Where a function is changed, and to what: its result, an operator, a guard or an arm of a match.

use std::collections::HashSet;
use std::fmt;
use std::mem::replace;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::*;

use crate::values::values;

/// One change.
pub struct Mutant {
    number: u32,
    file: String,
    line: usize,
    function: String,
    change: String,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mutant {
            number,
            file,
            line,
            function,
            change,
        } = self;
        write!(f, "{number}\t{file}\t{line}\t{function}\t{change}")
    }
}

/// A change, as it is told and as it is made.
type Change = (String, TokenStream);

/// Puts the switches in.
pub struct Mutator {
    /// The file that is being visited.
    pub file: String,
    pub mutants: Vec<Mutant>,
    /// The type of the methods that are visited, with `::`.
    owner: String,
    function: String,
    last: u32,
    skipped: HashSet<u32>,
}

/// The beginning of the text of an expression or pattern.
fn text(of: &impl ToTokens) -> String {
    let text = of.to_token_stream().to_string();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(70)
        .collect()
}

/// Whether a condition has a `let`, of which nothing can be taken apart.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(paren) => has_let(&paren.expr),
        _ => false,
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg") && text.contains("(test"))
    })
}

/// What an operator becomes, and how its operands are taken.
fn operators(of: &BinOp) -> (Operands, &'static [&'static str]) {
    use Operands::{Assigned, Compared, Lazy, Taken};
    match of {
        BinOp::Eq(_) => (Compared, &["!="]),
        BinOp::Ne(_) => (Compared, &["=="]),
        BinOp::Lt(_) => (Compared, &["<=", ">"]),
        BinOp::Gt(_) => (Compared, &[">=", "<"]),
        BinOp::Le(_) => (Compared, &["<", ">"]),
        BinOp::Ge(_) => (Compared, &[">", "<"]),
        BinOp::And(_) => (Lazy, &["||"]),
        BinOp::Or(_) => (Lazy, &["&&"]),
        BinOp::Add(_) => (Taken, &["-"]),
        BinOp::Sub(_) | BinOp::Mul(_) => (Taken, &["+"]),
        BinOp::Div(_) => (Taken, &["*"]),
        BinOp::Rem(_) => (Taken, &["/"]),
        BinOp::Shl(_) => (Taken, &[">>"]),
        BinOp::Shr(_) => (Taken, &["<<"]),
        BinOp::BitAnd(_) | BinOp::BitXor(_) => (Taken, &["|"]),
        BinOp::BitOr(_) => (Taken, &["&", "^"]),
        BinOp::AddAssign(_) => (Assigned, &["-="]),
        BinOp::SubAssign(_) => (Assigned, &["+="]),
        BinOp::BitOrAssign(_) => (Assigned, &["&="]),
        BinOp::BitAndAssign(_) => (Assigned, &["|="]),
        _ => (Taken, &[]),
    }
}

/// Operands are evaluated once, before it is known which operator there is.
#[derive(Clone, Copy)]
enum Operands {
    /// By reference.
    Compared,
    /// By value.
    Taken,
    /// The right one only if it is needed.
    Lazy,
    /// The left one is a place.
    Assigned,
}

impl Mutator {
    pub fn new(skipped: HashSet<u32>) -> Mutator {
        Mutator {
            file: String::new(),
            mutants: Vec::new(),
            owner: String::new(),
            function: String::new(),
            last: 0,
            skipped,
        }
    }

    /// A match that does one of the changes, or else what was there; `None` if all are left out.
    fn switch(
        &mut self,
        line: usize,
        changes: Vec<Change>,
        original: TokenStream,
    ) -> Option<TokenStream> {
        let mut arms = Vec::new();
        let first = self.last + 1;
        for (change, code) in changes {
            self.last += 1;
            let number = self.last;
            if self.skipped.contains(&number) {
                continue;
            }
            arms.push(quote!(#number => #code,));
            let (file, function) = (self.file.clone(), self.function.clone());
            self.mutants.push(Mutant {
                number,
                file,
                line,
                function,
                change,
            });
        }
        let last = self.last;
        (!arms.is_empty())
            .then(|| quote!(match crate::mutant::on(#first, #last) { #(#arms)* _ => #original }))
    }

    /// Visits a function, and has it return other results.
    fn visit_function(
        &mut self,
        attributes: &[Attribute],
        signature: &Signature,
        block: &mut Block,
    ) {
        if is_test(attributes) || signature.constness.is_some() {
            return;
        }
        let name = format!("{}{}", self.owner, signature.ident);
        let outer = replace(&mut self.function, name);
        visit_mut::visit_block_mut(self, block);
        let results = match &signature.output {
            ReturnType::Default => vec![quote!(())],
            ReturnType::Type(_, result) => values(result),
        };
        let returned =
            |value: TokenStream| (format!("return {}", text(&value)), quote!(return #value));
        let changes = results.into_iter().map(returned).collect();
        if let Some(switch) = self.switch(signature.ident.span().start().line, changes, quote!({}))
        {
            block.stmts.insert(0, parse_quote!(#switch));
        }
        self.function = outer;
    }

    /// A binary expression with another operator; `before` is the same as it was written.
    fn binary(&mut self, before: &ExprBinary, now: &ExprBinary) -> Option<TokenStream> {
        let (left, op, right) = (&now.left, &now.op, &now.right);
        let (operands, others) = operators(op);
        if others.is_empty() || has_let(&before.left) || has_let(&before.right) {
            return None;
        }
        let with = |op: &BinOp| match operands {
            Operands::Compared => quote!((*l) #op (*r)),
            Operands::Taken => quote!(l #op r),
            Operands::Lazy => quote!(l #op #right),
            Operands::Assigned => quote!(#left #op #right),
        };
        let described = format!("{} in {}", op.to_token_stream(), text(before));
        let change = |other: &&str| {
            let other_op = parse_str(other).expect("an operator");
            (format!("{other} for {described}"), with(&other_op))
        };
        let changes = others.iter().map(change).collect();
        let switch = self.switch(before.span().start().line, changes, with(op))?;
        Some(match operands {
            Operands::Compared => quote!((match (&(#left), &(#right)) { (l, r) => #switch })),
            Operands::Taken => quote!((match (#left, #right) { (l, r) => #switch })),
            Operands::Lazy => quote!((match #left { l => #switch })),
            Operands::Assigned => quote!((#switch)),
        })
    }
}

impl VisitMut for Mutator {
    fn visit_item_mut(&mut self, item: &mut Item) {
        match item {
            Item::Fn(f) => self.visit_function(&f.attrs, &f.sig, &mut f.block),
            Item::Mod(module) if is_test(&module.attrs) => {}
            Item::Impl(of) if is_test(&of.attrs) => {}
            Item::Impl(of) => {
                let owner = format!("{}::", text(&of.self_ty));
                let outer = replace(&mut self.owner, owner);
                visit_mut::visit_item_impl_mut(self, of);
                self.owner = outer;
            }
            Item::Mod(_) | Item::Trait(_) => visit_mut::visit_item_mut(self, item),
            // The rest is worked out by the compiler.
            _ => {}
        }
    }

    fn visit_impl_item_mut(&mut self, item: &mut ImplItem) {
        if let ImplItem::Fn(f) = item {
            self.visit_function(&f.attrs, &f.sig, &mut f.block);
        }
    }

    fn visit_trait_item_mut(&mut self, item: &mut TraitItem) {
        if let TraitItem::Fn(TraitItemFn {
            attrs,
            sig,
            default: Some(block),
            ..
        }) = item
        {
            self.visit_function(attrs, sig, block);
        }
    }

    fn visit_type_mut(&mut self, _: &mut Type) {}

    fn visit_pat_mut(&mut self, _: &mut Pat) {}

    fn visit_expr_match_mut(&mut self, of: &mut ExprMatch) {
        let patterns: Vec<_> = of.arms.iter().map(|arm| text(&arm.pat)).collect();
        visit_mut::visit_expr_match_mut(self, of);
        let is_caught = |arm: &Arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none();
        let has_rest = of.arms.last().is_some_and(is_caught);
        let last = of.arms.len().saturating_sub(1);
        for (number, (arm, pattern)) in of.arms.iter_mut().zip(patterns).enumerate() {
            let (changes, guard) = match &arm.guard {
                Some((_, guard)) if !has_let(guard) => (
                    vec![
                        (format!("true for the guard of {pattern}"), quote!(true)),
                        (format!("false for the guard of {pattern}"), quote!(false)),
                    ],
                    quote!(#guard),
                ),
                None if has_rest && number < last => (
                    vec![(format!("no arm {pattern}"), quote!(false))],
                    quote!(true),
                ),
                _ => continue,
            };
            if let Some(switch) = self.switch(arm.pat.span().start().line, changes, guard) {
                arm.guard = Some((Default::default(), Box::new(Expr::Verbatim(switch))));
            }
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if matches!(expression, Expr::Const(_) | Expr::Repeat(_)) {
            return;
        }
        // As it is written, before its parts are changed.
        let before = expression.clone();
        visit_mut::visit_expr_mut(self, expression);
        let changed = match (&before, &*expression) {
            (Expr::Binary(before), Expr::Binary(now)) => self.binary(before, now),
            (Expr::Unary(not), Expr::Unary(now)) if matches!(not.op, UnOp::Not(_)) => {
                let changes = vec![(format!("no ! in {}", text(not)), quote!(v))];
                let inner = &now.expr;
                let switch = self.switch(not.span().start().line, changes, quote!(!v));
                switch.map(|switch| quote!((match #inner { v => #switch })))
            }
            _ => None,
        };
        if let Some(changed) = changed {
            *expression = Expr::Verbatim(changed);
        }
    }
}
