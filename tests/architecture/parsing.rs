//! The names of one file, out of its syntax tree.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, Stmt, TraitItem, Type, UseTree};

use super::attributes::{attributes_of, is_for_tests, path_of};
use super::reading::{Kind, Name, Scope, Source, TraitMethod};

/// Reads one file.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a mut Source,
    pub(crate) file: &'a Path,
    pub(crate) module: Vec<String>,
    pub(crate) tests: Vec<bool>,
    pub(crate) function: String,
    /// What `Self` stands for.
    pub(crate) own_type: Vec<String>,
    /// Where a `#[path]` begins, and where the files of child modules lie.
    pub(crate) folders: Vec<(PathBuf, PathBuf)>,
    /// Modules in files of their own: the files that it may be, its path, whether it is for tests.
    pub(crate) children: Vec<(Vec<PathBuf>, Vec<String>, bool)>,
}

impl Reader<'_> {
    fn is_test(&self) -> bool {
        self.tests.contains(&true)
    }

    fn scope(&mut self) -> &mut Scope {
        self.source.scopes.entry(self.module.clone()).or_default()
    }

    fn name(&mut self, line: usize, mut path: Vec<String>, kind: Kind) {
        if path[0] == "Self" && !self.own_type.is_empty() {
            path.splice(..1, self.own_type.clone());
        }
        self.source.names.push(Name {
            file: self.file.to_owned(),
            line,
            module: self.module.clone(),
            function: self.function.clone(),
            path,
            kind,
            is_test: self.tests.contains(&true),
        });
    }

    fn path(&mut self, path: &syn::Path, kind: Kind) {
        self.name(line_of(&path.segments[0].ident), segments(path), kind);
        for segment in &path.segments {
            self.visit_path_arguments(&segment.arguments);
        }
    }

    /// Takes what is inside for test code if the attributes say so.
    fn within(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        self.tests.push(is_for_tests(attributes));
        visit(self);
        self.tests.pop();
    }

    fn in_function(&mut self, name: &Ident, visit: impl FnOnce(&mut Self)) {
        let own = self.own_type.last().map(|own| format!("{own}::")).unwrap_or_default();
        let before = std::mem::replace(&mut self.function, format!("{own}{name}"));
        visit(self);
        self.function = before;
    }

    fn import(&mut self, line: usize, tree: &UseTree, before: &[String]) {
        match tree {
            UseTree::Path(path) => self.import(line, &path.tree, &[before, &[text(&path.ident)]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(line, tree, before)),
            UseTree::Name(name) if name.ident == "self" => {
                self.bring(&name.ident, before.to_vec(), before.last().cloned())
            }
            UseTree::Name(name) => {
                let name_ = text(&name.ident);
                self.bring(
                    &name.ident,
                    [before, std::slice::from_ref(&name_)].concat(),
                    Some(name_),
                );
            }
            UseTree::Rename(rename) => {
                let mut path = [before, &[text(&rename.ident)]].concat();
                path.pop_if(|last| last == "self");
                self.bring(&rename.ident, path, Some(text(&rename.rename)));
            }
            UseTree::Glob(_) => {
                self.scope().globs.push(before.to_vec());
                self.name(line, [before, &["*".into()]].concat(), Kind::Import);
            }
        }
    }

    fn bring(&mut self, ident: &Ident, path: Vec<String>, alias: Option<String>) {
        self.name(line_of(ident), path.clone(), Kind::Import);
        if let Some(alias) = alias {
            self.scope().imports.entry(alias).or_default().push(path);
        }
    }

    /// Paths, methods and macros among tokens that are no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, wanted: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == wanted);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.literal(literal),
                TokenTree::Punct(_) => {}
                TokenTree::Ident(first) if at >= 2 && is(at - 2, '.') && !(at >= 3 && is(at - 3, '.')) => {
                    self.name(line_of(first), vec![format!(".{first}")], Kind::Mention);
                }
                TokenTree::Ident(first) => {
                    let mut path = vec![text(first)];
                    while let (true, true, Some(TokenTree::Ident(next))) =
                        (is(at, ':'), is(at + 1, ':'), tokens.get(at + 2))
                    {
                        path.push(text(next));
                        at += 3;
                    }
                    let is_macro = is(at, '!')
                        && matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::None);
                    if is_macro {
                        path.last_mut().unwrap().push('!');
                    }
                    self.name(line_of(first), path, Kind::Value);
                }
            }
        }
    }

    /// A path in a string, as in `#[serde(with = "a::b")]`.
    fn literal(&mut self, literal: &proc_macro2::Literal) {
        let Lit::Str(found) = Lit::new(literal.clone()) else {
            return;
        };
        if found.value().contains("::")
            && let Ok(path) = found.parse::<syn::Path>()
        {
            self.name(literal.span().start().line, segments(&path), Kind::Mention);
        }
    }

    fn module(&mut self, item: &syn::ItemMod) {
        let name = text(&item.ident);
        let given = item.attrs.iter().find_map(path_of);
        let (for_given, below) = self.folders.last().cloned().unwrap();
        self.module.push(name.clone());
        if let Some((_, items)) = &item.content {
            let folder = below.join(&name);
            self.folders.push((folder.clone(), folder));
            let own_type = std::mem::take(&mut self.own_type);
            self.scope();
            items.iter().for_each(|item| self.visit_item(item));
            self.own_type = own_type;
            self.folders.pop();
        } else {
            let usual = || vec![below.join(&name).with_extension("rs"), below.join(&name).join("mod.rs")];
            let files = given.map_or_else(usual, |given| vec![for_given.join(given)]);
            self.children.push((files, self.module.clone(), self.is_test()));
        }
        self.module.pop();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Some(name) = name_of(item) {
            self.scope().items.insert(name);
        }
        self.within(attributes_of(item), |this| visit::visit_item(this, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        item.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        self.module(item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(line_of_span(item.use_token.span), &item.tree, &[]);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let alias = item.rename.as_ref().map_or(&item.ident, |(_, rename)| rename);
        self.bring(&item.ident, vec![text(&item.ident)], Some(text(alias)));
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if let Type::Path(target) = &*item.ty {
            let path = segments(&target.path);
            self.scope().imports.entry(text(&item.ident)).or_default().push(path);
        }
        visit::visit_item_type(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.in_function(&item.sig.ident, |this| visit::visit_item_fn(this, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let own = match &*item.self_ty {
            Type::Path(path) => segments(&path.path),
            _ => Vec::new(),
        };
        let before = std::mem::replace(&mut self.own_type, own);
        visit::visit_item_impl(self, item);
        self.own_type = before;
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        for method in &item.items {
            if let TraitItem::Fn(method) = method {
                self.source.methods.push(TraitMethod {
                    of: [&self.module[..], &[text(&item.ident)]].concat().join("::"),
                    returns: matches!(method.sig.output, syn::ReturnType::Type(..)),
                });
            }
        }
        let before = std::mem::replace(&mut self.own_type, vec![text(&item.ident)]);
        visit::visit_item_trait(self, item);
        self.own_type = before;
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &Vec::new(),
        };
        self.within(attributes, |this| visit::visit_impl_item(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.in_function(&item.sig.ident, |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.within(&item.attrs, |this| {
            this.in_function(&item.sig.ident, |this| visit::visit_trait_item_fn(this, item));
        });
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attributes = match statement {
            Stmt::Local(local) => &local.attrs,
            Stmt::Macro(call) => &call.attrs,
            Stmt::Item(_) | Stmt::Expr(..) => &Vec::new(),
        };
        self.within(attributes, |this| visit::visit_stmt(this, statement));
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        self.within(&block.attrs, |this| visit::visit_expr_block(this, block));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.within(&call.attrs, |this| {
            this.name(line_of(&call.method), vec![format!(".{}", call.method)], Kind::Value);
            visit::visit_expr_method_call(this, call);
        });
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.within(&call.attrs, |this| visit::visit_expr_call(this, call));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.within(&arm.attrs, |this| visit::visit_arm(this, arm));
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.within(&field.attrs, |this| visit::visit_field(this, field));
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.within(&field.attrs, |this| visit::visit_field_value(this, field));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.within(&variant.attrs, |this| visit::visit_variant(this, variant));
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        match path.qself.as_ref().map(|own| (&*own.ty, own.position)) {
            // `<File>::create`
            Some((Type::Path(own), 0)) => {
                let whole = [segments(&own.path), segments(&path.path)].concat();
                self.name(line_of(&path.path.segments[0].ident), whole, Kind::Value);
            }
            Some((own, _)) => {
                self.visit_type(own);
                self.path(&path.path, Kind::Value);
            }
            None => self.path(&path.path, Kind::Value),
        }
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        self.path(&made.path, Kind::Value);
        made.fields.iter().for_each(|field| self.visit_field_value(field));
        made.rest.iter().for_each(|rest| self.visit_expr(rest));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(path, Kind::Mention);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let mut path = segments(&call.path);
        path.last_mut().unwrap().push('!');
        self.name(line_of(&call.path.segments[0].ident), path, Kind::Value);
        self.tokens(call.tokens.clone());
    }

    /// `pub(crate)` is no use of the crate.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) if !attribute.path().is_ident("cfg") => self.tokens(list.tokens.clone()),
            Meta::NameValue(pair) if !attribute.path().is_ident("doc") => {
                if let Expr::Lit(value) = &pair.value {
                    self.tokens(token(&value.lit));
                }
            }
            Meta::List(_) | Meta::NameValue(_) | Meta::Path(_) => {}
        }
    }
}

fn token(literal: &Lit) -> TokenStream {
    match literal {
        Lit::Str(text) => TokenTree::from(text.token()).into(),
        _ => TokenStream::new(),
    }
}

fn text(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn line_of(ident: &Ident) -> usize {
    line_of_span(ident.span())
}

fn line_of_span(span: proc_macro2::Span) -> usize {
    span.start().line
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| text(&segment.ident)).collect()
}

/// The name that an item gives to something other than an import or an alias.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(text(ident))
}
