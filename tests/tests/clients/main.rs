//! What clients of other makers see of the real system: one that tries everything that the OpenAPI documents allow and forbid,
//! one with the Postman collection, one in TypeScript, one that receives webhooks. `.ci/clients.sh` installs them.

mod contract;
mod postman;
mod tools;
mod typescript;
mod webhooks;
