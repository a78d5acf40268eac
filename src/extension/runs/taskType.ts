/** Type of the tasks that train, as contributed in package.json. */
export const TASK_TYPE = "maskdm";
