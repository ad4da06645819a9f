//! What attributes say: whether something is there for tests alone, and where the file of a module lies.

use syn::{Attribute, Expr, Item, Lit, Meta};

/// The file that `#[path = "..."]` names.
pub(crate) fn path_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(value) if attribute.path().is_ident("path") => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether something with these attributes is there for tests alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = attribute
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "test");
        let needs_test = || matches!(attribute.parse_args::<Meta>(), Ok(predicate) if holds(&predicate) == Some(false));
        is_test || (attribute.path().is_ident("cfg") && needs_test())
    })
}

/// Whether a `cfg` predicate holds outside tests; None where that depends on something else.
fn holds(predicate: &Meta) -> Option<bool> {
    let Meta::List(list) = predicate else {
        return predicate.path().is_ident("test").then_some(false);
    };
    let parts = list.parse_args_with(syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated);
    let parts: Vec<Option<bool>> = parts.ok()?.iter().map(holds).collect();
    let deciding = match list.path.get_ident()?.to_string().as_str() {
        "not" => return parts.first().copied().flatten().map(|part| !part),
        "all" => false,
        "any" => true,
        _ => return None,
    };
    match () {
        () if parts.contains(&Some(deciding)) => Some(deciding),
        () if parts.contains(&None) => None,
        () => Some(!deciding),
    }
}

pub(crate) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        other => panic!("an item of a form that is not known: {other:?}"),
    }
}
