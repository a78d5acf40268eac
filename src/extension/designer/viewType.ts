/** The custom editor's name, as package.json has it. */
export const DESIGNER_VIEW_TYPE = "maskdm.designer";
