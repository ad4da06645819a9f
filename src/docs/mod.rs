//! What the tool promises, what is known of the endpoint, and how it is operated.
//!
//! The documents are the Markdown files in `src/docs/`; here they become part of the crate's documentation. Comments
//! cite the contract by section, as in "contract, section 6". Tests hold the documents to the code: words, codes,
//! flags, columns and fields, each with its explanation. Nothing here is code that runs.

pub mod contract {
    #![doc = include_str!("contract.md")]
}

pub mod endpoint {
    #![doc = include_str!("endpoint.md")]
}

pub mod operating {
    #![doc = include_str!("operating.md")]
}

pub mod many_machines {
    #![doc = include_str!("many-machines.md")]
}

#[cfg(test)]
mod tests;
