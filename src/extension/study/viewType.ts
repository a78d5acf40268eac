/** The study editor's name, as package.json has it. */
export const STUDY_VIEW_TYPE = "maskdm.study";
