/** What is wrong with a file that another program wrote, without its name. */
export class Damage extends Error {}
